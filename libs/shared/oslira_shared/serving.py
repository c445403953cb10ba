"""HTTP servers of a process that is stopped in order, by its runtime."""

import socket
from contextlib import nullcontext
from typing import Any, Final

import structlog
import uvicorn

from oslira_shared.observability.health import Health

_LOG = structlog.get_logger()
# Longer than what a proxy keeps an idle connection for: the side that sends must be the one that closes it.
_KEEP_ALIVE_S: Final = 75


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
            # uvicorn's own line has the address in quotation marks, and what stands in those is left out of every line.
            _LOG.critical("cannot_listen", host=self.config.host, port=self.config.port)
            raise


def closing_when_draining(app: Any, health: Health) -> Any:
    """Asks callers to come back over a new connection, which then leads to another process."""

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        async def sending(message: Any) -> None:
            if health.is_draining and message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), (b"connection", b"close")]}
            await send(message)

        await app(scope, receive, sending)

    return serve


def http_server(app: Any, *, host: str, port: int, finish_s: int) -> uvicorn.Server:
    """Serves `app` until told to stop; requests in flight then have `finish_s`."""
    return _Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            proxy_headers=False,  # TRUSTED_PROXIES decides, in the gateway
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE_S,
            timeout_graceful_shutdown=finish_s,  # a reader that takes nothing would hold it up for ever
            limit_concurrency=2_000,
        )
    )
