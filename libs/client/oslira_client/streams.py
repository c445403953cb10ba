"""Event streams: reconnects as often as needed, each time after the last event."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar

import httpx
from pydantic import BaseModel

from oslira_client.calls import Calls
from oslira_client.errors import ApiError, problem_of

SnapshotT = TypeVar("SnapshotT", bound=BaseModel)
# Pings come every 15 s: a stream that is silent for longer is dead.
_SILENCE_S: Final = 60.0
_NO_CONTENT: Final = 204
# A ticket that ran out is replaced by the next address; the others pass.
_PASSING: Final = frozenset({"ticket_invalid", "too_many_streams", "rate_limited", "unavailable", "internal"})


@dataclass(frozen=True, slots=True)
class Event(Generic[SnapshotT]):
    """`name` says what changed, `data` is the complete current state. Snapshots may skip states, and never go back."""

    name: str
    id: str
    data: SnapshotT


class Address(Protocol):
    """Any object with an events address."""

    @property
    def events_url(self) -> str | None: ...


async def follow(
    calls: Calls,
    address: Callable[[], Awaitable[Address]],
    models: Mapping[str, type[SnapshotT]],
    *,
    last: str | None,
) -> AsyncIterator[Event[SnapshotT]]:
    """Until the thing followed has ended: `last` names the event that tells of it, None where nothing ever does.

    `address` is requested again for each connection: it holds a ticket of ten minutes.
    """
    seen, attempt = "", 0
    while True:
        try:
            place = await address()
            if last is not None and (end := _end_of(place, last, models)) is not None:
                yield end
                return
            async for event in _connection(calls, place.events_url or "", seen, models):
                seen, attempt = event.id, 0
                yield event
                if event.name == last and _has_ended(event.data):
                    return
        except httpx.TransportError as error:
            problem: Exception = error
        except ApiError as error:
            if error.code not in _PASSING:
                raise
            problem = error
        except _Over:
            return
        else:
            problem = httpx.RemoteProtocolError("the stream ended before what it follows")
        await calls.retries.wait(min(attempt, 6), problem)
        attempt += 1


class _Over(Exception):  # noqa: N818
    """After the last event the server answers that nothing follows."""


async def _connection(
    calls: Calls, url: str, seen: str, models: Mapping[str, type[SnapshotT]]
) -> AsyncIterator[Event[SnapshotT]]:
    headers = {"Accept": "text/event-stream", **({"Last-Event-ID": seen} if seen else {})}
    async with calls.http.stream("GET", url, headers=headers, timeout=_SILENCE_S) as answer:
        if answer.status_code == _NO_CONTENT:
            raise _Over
        if not answer.is_success:
            await answer.aread()
            raise problem_of(answer)
        name, event_id, data = "message", seen, ""
        async for line in answer.aiter_lines():
            field, _, value = line.partition(": ")
            match field:
                case "event":
                    name = value
                case "id":
                    event_id = value
                case "data":
                    data += value
                case "" if data and not line:
                    if name in models:  # a kind of event that came later is not for us
                        yield Event(name, event_id, models[name].model_validate_json(data))
                    name, data = "message", ""
                case _:
                    pass


def _end_of(place: Any, last: str, models: Mapping[str, type[SnapshotT]]) -> Event[SnapshotT] | None:
    """What has ended meanwhile needs no connection."""
    if not isinstance(place, models[last]) or not _has_ended(place):
        return None
    return Event(last, "", place)


def _has_ended(snapshot: Any) -> bool:
    return snapshot.finished_at is not None
