"""HTTP servers that stop in order, by the runtime, and that survive any number of idle connections.

A connection without a request has a deadline and costs nothing else: requests in flight are limited, and health is always served.
"""

import asyncio
import resource
import socket
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, ClassVar, Final

import structlog
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from oslira_shared.observability.health import Health

_LOG = structlog.get_logger()
# Longer than a proxy keeps an idle connection: the side that sends requests must be the one that closes it.
_KEEP_ALIVE_S: Final = 75
# From the connection, or the first byte of a later request, until its headers are complete.
HEADERS_WITHIN_S: Final = 10.0
# Requests in flight, including event streams, which have a lower limit of their own.
MOST_REQUESTS: Final = 2_000
MOST_CONNECTIONS: Final = 10_000
# For the database, the bus and files.
_FILES_KEPT_FREE: Final = 200
_HEALTH: Final = "/health/"
_FULL: Final = (
    b'{"type":"urn:oslira:problem:unavailable","title":"Service Unavailable","status":503,"code":"unavailable",'
    b'"detail":"This process has as many requests as it takes; try again."}'
)


class _Server(uvicorn.Server):
    """Leaves signals to the runtime, which stops things in order."""

    def install_signal_handlers(self) -> None:
        pass

    def capture_signals(self) -> Any:
        return nullcontext()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        except SystemExit:
            # uvicorn's own line has the address in quotation marks, which are redacted in every line.
            _LOG.critical("cannot_listen", host=self.config.host, port=self.config.port)
            raise


def closing_when_draining(app: Any, health: Health) -> Any:
    """Makes callers reconnect, which leads them to another process."""

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        async def sending(message: Any) -> None:
            if health.is_draining and message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), (b"connection", b"close")]}
            await send(message)

        await app(scope, receive, sending)

    return serve


class _Protocol(HttpToolsProtocol):
    """Closes connections without complete headers in time; the oldest of them at once if there are too many."""

    headers_within_s: ClassVar[float]
    most_connections: ClassVar[int]
    waiting: ClassVar[dict["_Protocol", asyncio.TimerHandle]]

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]  # as uvicorn has it
        super().connection_made(transport)
        if len(self.connections) > self.most_connections:
            oldest = next(iter(self.waiting), self)
            oldest.give_up()
            if oldest is self:
                return
        self._await_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        cycle: Any = self.cycle  # None before the first request
        if self not in self.waiting and (cycle is None or cycle.response_complete):
            self._await_headers()
        super().data_received(data)

    def on_headers_complete(self) -> None:
        self._stop_waiting()
        super().on_headers_complete()

    def give_up(self) -> None:
        """Close it without an answer: there was no request."""
        self._stop_waiting()
        self.transport.abort()

    def _await_headers(self) -> None:
        self.waiting[self] = self.loop.call_later(self.headers_within_s, self.give_up)

    def _stop_waiting(self) -> None:
        if (timer := self.waiting.pop(self, None)) is not None:
            timer.cancel()


def _protocol(headers_within_s: float) -> type[_Protocol]:
    """Of one server: each server counts its own connections."""

    class Protocol(_Protocol):
        pass

    Protocol.headers_within_s = headers_within_s
    Protocol.most_connections = _most_connections()
    Protocol.waiting = {}
    return Protocol


def _most_connections() -> int:
    """As many as the system's limit of open files allows, up to a maximum."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_CONNECTIONS + _FILES_KEPT_FREE
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        return max(1, soft - _FILES_KEPT_FREE)
    return MOST_CONNECTIONS


def refusing_when_full(app: Any, *, most: int) -> Callable[..., Any]:
    """Limits the requests in flight; beyond that 503 at once, except for health: a busy process is alive."""
    in_flight = 0

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        nonlocal in_flight
        if scope["type"] == "http" and in_flight >= most and not scope["path"].startswith(_HEALTH):
            headers = [(b"content-type", b"application/problem+json"), (b"retry-after", b"2")]
            await send({"type": "http.response.start", "status": 503, "headers": headers})
            await send({"type": "http.response.body", "body": _FULL})
            return
        in_flight += 1
        try:
            await app(scope, receive, send)
        finally:
            in_flight -= 1

    return serve


def http_server(
    app: Any, *, host: str, port: int, finish_s: int, headers_within_s: float = HEADERS_WITHIN_S
) -> uvicorn.Server:
    """Serves `app` until it is stopped; requests in flight then have `finish_s`."""
    return _Server(
        uvicorn.Config(
            refusing_when_full(app, most=MOST_REQUESTS),
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            proxy_headers=False,  # TRUSTED_PROXIES decides, in the gateway
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE_S,
            timeout_graceful_shutdown=finish_s,  # a client that reads nothing would hold it up without limit
            http=_protocol(headers_within_s),
        )
    )
