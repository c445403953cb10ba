"""The outermost layer: request ids, one log line and one measurement per request, and headers of all responses."""

import re
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

import structlog
from litestar import Litestar
from litestar.routes import HTTPRoute
from litestar.serialization import encode_json
from oslira_shared.contracts.points import Metric
from oslira_shared.ids import new_id
from oslira_shared.observability import trace
from oslira_shared.observability.points import Points
from oslira_shared.outside_text import is_storable

from oslira_gateway.http.problems import MEDIA_TYPE, problem_body, status_of_code
from oslira_gateway.http.rate_limits import LIMIT, limit_headers
from oslira_gateway.http.status_texts import text_of
from oslira_gateway.identity.caller import Member
from oslira_gateway.limits.policies import RouteClass
from oslira_gateway.metrics import HTTP_SECONDS, REFUSALS

_LOG = structlog.get_logger()
_SANE_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}")
# Enough for a token of 8 KiB and the usual other headers.
MAX_HEAD_BYTES: Final = 32 * 1024
MAX_HEADERS: Final = 100
_METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"})

_ONE_OF: Final = 20
_SLOW_S: Final = 1.0
_OK: Final = 200
_BAD: Final = 400

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


def request_id_of(scope: Scope) -> str:
    """The caller's id if it is a plain token, else a new one, so that logs contain no arbitrary text."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _SANE_ID.fullmatch(text := value.decode("latin-1")):
            return text
    return str(new_id())


class PollSample:
    """Polls are most requests and say nothing new: of those that succeed quickly, one of 20 is shown."""

    def __init__(self) -> None:
        self._seen = 0

    def is_shown(self, status: int, seconds: float) -> bool:
        """Whether to show this one. Failed and slow ones always are."""
        if not _OK <= status < _BAD or seconds > _SLOW_S:
            return True
        self._seen += 1
        return self._seen % _ONE_OF == 1


class Edge:
    """Wraps the application. The log has the route's template, because paths and queries may contain secrets."""

    def __init__(self, app: Litestar, points: Points | None = None) -> None:
        """Without `points` requests are measured for operators only."""
        self.application = app
        self._app: Any = app
        self._points = points
        self._polls = PollSample()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = request_id_of(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        # External callers are not trusted: their trace is linked to ours, not continued.
        caller = trace.parse(_header(scope, b"traceparent"))
        with (
            structlog.contextvars.bound_contextvars(request_id=request_id),
            trace.span("request", kind="server", is_root=True, links=(caller,) if caller else ()) as span,
        ):
            span.is_kept = await self._serve(scope, receive, send, request_id)
            span.name = f"{_method(scope)} {_route(scope)}"

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if _size_bytes(scope) > MAX_HEAD_BYTES or len(scope["headers"]) > MAX_HEADERS:
            # Before the body is read: uvicorn has no limit of its own.
            await _refuse(send, "headers_too_large")
        elif not is_storable(scope["path"]) or b"%00" in scope["query_string"]:
            await _refuse(send, "invalid_request")
        else:
            await self._app(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> bool:
        """Whether the request is shown in logs and traces. All are measured."""
        started, status = time.monotonic(), 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
                _complete(message, request_id, limit_headers(scope["state"]))
                if scope["method"] == "OPTIONS":
                    self._allow_all_methods(scope, message)
                self._measure(scope, status, time.monotonic() - started)
            await send(message)

        try:
            await self._answer(scope, receive, sending)
        finally:
            seconds = time.monotonic() - started
            # A request without a status failed.
            is_shown = not _is_poll(scope) or self._polls.is_shown(status, seconds)
            if is_shown:
                _LOG.info(
                    "request",
                    route=_route(scope),
                    method=_method(scope),
                    status=status,
                    ms=round(seconds * 1000, 1),
                    account_id=scope["state"].get("account_id"),
                )
        return is_shown

    def _measure(self, scope: Scope, status: int, seconds: float) -> None:
        route, method, member = _route(scope), _method(scope), scope["state"].get("member")
        HTTP_SECONDS.labels(route, method, status).observe(seconds)
        if self._points is not None and isinstance(member, Member):
            label = f"{method} {route} {status}"
            self._points.emit(Metric.REQUEST, label, round(seconds * 1_000_000), account_id=member.account_id)

    def _allow_all_methods(self, scope: Scope, message: Message) -> None:
        """Litestar's response to OPTIONS lists only the methods of the first handler of a path."""
        for route in self.application.routes:
            if isinstance(route, HTTPRoute) and route.path_format == scope.get("path_template"):
                others = [(name, value) for name, value in message["headers"] if name.lower() != b"allow"]
                message["headers"] = [*others, (b"allow", ", ".join(sorted(route.methods)).encode())]


def _header(scope: Scope, wanted: bytes) -> str | None:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == wanted), None)


def _complete(message: Message, request_id: str, more: list[tuple[bytes, bytes]]) -> None:
    headers: list[tuple[bytes, bytes]] = [*message.get("headers", []), *more]
    present = {name.lower() for name, _ in headers}
    headers.append((b"x-request-id", request_id.encode()))
    headers.append((b"x-content-type-options", b"nosniff"))
    if b"cache-control" not in present:
        headers.append((b"cache-control", b"no-store"))
    message["headers"] = headers


def _size_bytes(scope: Scope) -> int:
    headers = sum(len(name) + len(value) for name, value in scope["headers"])
    return headers + len(scope.get("raw_path") or b"") + len(scope["query_string"])


async def _refuse(send: Send, code: str) -> None:
    REFUSALS.labels(code).inc()
    body = encode_json(problem_body(code, text_of(code), instance="/"))
    headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status_of_code(code), "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _route(scope: Scope) -> str:
    return str(scope.get("path_template") or "unmatched")


def _is_poll(scope: Scope) -> bool:
    """Progress and health, which are read every few seconds."""
    if _route(scope).startswith("/health/"):
        return True
    handler = scope.get("route_handler")
    return handler is not None and handler.opt.get(LIMIT) is RouteClass.POLL


def _method(scope: Scope) -> str:
    return scope["method"] if scope["method"] in _METHODS else "OTHER"
