"""Server-sent events: their encoding, and a response that always releases its resources."""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from litestar.params import QueryParameter
from litestar.response.streaming import ASGIStreamingResponse
from litestar.serialization import encode_json
from litestar.types import Message, Receive, Scope, Send

from oslira_gateway.http.openapi.streams import MEDIA_TYPE
from oslira_gateway.runs.run import Run
from oslira_gateway.streams.follow_run import Goodbye, Ping
from oslira_gateway.streams.open_streams import OpenStream, OpenStreams, StreamEnded
from oslira_gateway.streams.tickets import ticket_refused

RECONNECT_MS: Final = 1_000
RECONNECT: Final = f"retry: {RECONNECT_MS}\n\n".encode()
# The next connection with this ticket is refused, which ends an EventSource; the event says why.
ACCESS_ENDED: Final = b'event: access_ended\ndata: {"code":"ticket_invalid"}\n\n'
# Time limit for the last bytes, in case the client does not read.
_LAST_BYTES_S: Final = 1.0
_SEQUENCE: Final = re.compile(r"[0-9]{1,18}")
_HEADERS: Final = {
    "cache-control": "no-store",
    "x-accel-buffering": "no",  # a proxy that buffers would hold events back
}
Ticket = Annotated[
    str | None,
    QueryParameter(
        max_length=512,
        description="In the token's place, for an EventSource: it sends no headers. Every `events_url` has one.",
    ),
]


@dataclass(frozen=True, slots=True)
class AccessEnded:
    """The reader has lost access: the stream ends with this event, and its ticket is rejected from now on."""

    code: Literal["ticket_invalid"]


async def encode_events(
    events: AsyncIterator[Run | Ping | Goodbye], *, show: Callable[[Run], Run]
) -> AsyncGenerator[bytes]:
    """Each snapshot as `event: progress` with the run's sequence as its id."""
    yield RECONNECT
    async for event in events:
        match event:
            case Run():
                data = encode_json(show(event)).decode()
                yield f"id: {event.seq}\nevent: progress\ndata: {data}\n\n".encode()
            case Ping():
                yield b": ping\n\n"
            case Goodbye():
                yield RECONNECT


class EventStream(ASGIStreamingResponse):
    """Ends when its time is over or its reader lost access. It always leaves the count of open streams."""

    __slots__ = ("_events", "_open", "_streams")

    def __init__(self, events: AsyncGenerator[bytes], *, stream: OpenStream, streams: OpenStreams) -> None:
        super().__init__(
            iterator=events, media_type=MEDIA_TYPE, headers=dict[str, Any](_HEADERS), status_code=200
        )
        self._events = events
        self._open = stream
        self._streams = streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        is_started = False

        async def sending(message: Message) -> None:
            nonlocal is_started
            is_started = True
            await send(message)

        try:
            async with aclosing(self._events), self._open.limit():
                await super().__call__(scope, receive, sending)
        except StreamEnded:
            if not is_started:
                raise ticket_refused() from None
            last = ACCESS_ENDED if self._open.lost_access else RECONNECT
            with suppress(TimeoutError):
                async with asyncio.timeout(_LAST_BYTES_S):
                    await send(_end(last))
        finally:
            self._streams.leave(self._open)


def _end(data: bytes) -> Message:
    return {"type": "http.response.body", "body": data, "more_body": False}


def last_event_id(header: str | None) -> int:
    """The sequence in Last-Event-ID; -1 without one or for an invalid one."""
    return int(header) if header is not None and _SEQUENCE.fullmatch(header) else -1
