"""Server-sent events: how a stream looks on the wire, and a response that ends cleanly however it ends."""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import Any, Final

from litestar.response.streaming import ASGIStreamingResponse
from litestar.serialization import encode_json
from litestar.types import Receive, Scope, Send

from oslira_gateway.analyses.follow_run import Goodbye, Ping
from oslira_gateway.analyses.run import Run
from oslira_gateway.http.documented import also

MEDIA_TYPE: Final = "text/event-stream"
RECONNECT_MS: Final = 1_000
_SEQUENCE: Final = re.compile(r"[0-9]{1,18}")
_HEADERS: Final = {
    "cache-control": "no-store",
    "x-accel-buffering": "no",  # a proxy that buffers would hold events back
}
STREAM_ANSWERS: Final = also(
    200, str, "Server-sent events; each one's data is a whole snapshot.", media_type=MEDIA_TYPE
) | also(204, None, "You have the last event already; nothing will follow.")


async def encode_events(
    events: AsyncIterator[Run | Ping | Goodbye], *, show: Callable[[Run], Run]
) -> AsyncGenerator[bytes]:
    """Each snapshot as `event: progress` with the run's sequence as its id."""
    yield f"retry: {RECONNECT_MS}\n\n".encode()
    async for event in events:
        match event:
            case Run():
                data = encode_json(show(event)).decode()
                yield f"id: {event.seq}\nevent: progress\ndata: {data}\n\n".encode()
            case Ping():
                yield b": ping\n\n"
            case Goodbye():
                yield f"retry: {RECONNECT_MS}\n\n".encode()


class EventStream(ASGIStreamingResponse):
    """Runs `on_end` once the connection is done with, also when not one event was sent."""

    __slots__ = ("_events", "_on_end")

    def __init__(self, events: AsyncGenerator[bytes], *, on_end: Callable[[], None]) -> None:
        super().__init__(
            iterator=events, media_type=MEDIA_TYPE, headers=dict[str, Any](_HEADERS), status_code=200
        )
        self._events = events
        self._on_end = on_end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        try:
            async with aclosing(self._events):
                await super().__call__(scope, receive, send)
        finally:
            self._on_end()


def last_event_id(header: str | None) -> int:
    """The sequence a browser says it has seen; -1 for none or for something that isn't one."""
    return int(header) if header is not None and _SEQUENCE.fullmatch(header) else -1
