"""`GET /v1/bulk/{bulk_id}/events` and `GET /v1/events`: many runs in one stream; an event's id is `<run_id>:<seq>`."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, get
from litestar.params import FromPath, HeaderParameter, QueryParameter
from litestar.response.base import ASGIResponse
from litestar.serialization import encode_json
from oslira_shared.errors import OsliraError

from oslira_gateway.analyses.addresses import Addresses
from oslira_gateway.analyses.bulk import Bulk
from oslira_gateway.analyses.event_stream import RECONNECT_MS, STREAM_ANSWERS, EventStream
from oslira_gateway.analyses.feed import ProgressFeed
from oslira_gateway.analyses.follow_group import FollowGroup
from oslira_gateway.analyses.follow_run import Goodbye, Ping
from oslira_gateway.analyses.request_bulk import Bulks
from oslira_gateway.analyses.run import Run
from oslira_gateway.analyses.tickets import Tickets
from oslira_gateway.http.auth import PUBLIC, member_of, path_id
from oslira_gateway.http.documented import refuses
from oslira_gateway.http.timeouts import STREAMS

Ticket = Annotated[str, QueryParameter(max_length=512)]


@dataclass(frozen=True, slots=True)
class EventsAddress:
    """Where all runs of the account can be followed, for ten minutes."""

    events_url: str


async def encode_group(
    events: AsyncIterator[Run | Bulk | Ping | Goodbye], *, show: Callable[[Run], Run]
) -> AsyncGenerator[bytes]:
    """Runs as `event: progress`, the bulk itself as `event: bulk`."""
    yield f"retry: {RECONNECT_MS}\n\n".encode()
    async for event in events:
        match event:
            case Run():
                yield _event(f"{event.run_id}:{event.seq}", "progress", show(event))
            case Bulk():
                yield _event(f"{event.bulk_id}:{event.seq}", "bulk", event)
            case Ping():
                yield b": ping\n\n"
            case Goodbye():
                yield f"retry: {RECONNECT_MS}\n\n".encode()


def _event(event_id: str, name: str, data: Run | Bulk) -> bytes:
    return f"id: {event_id}\nevent: {name}\ndata: {encode_json(data).decode()}\n\n".encode()


def group_events_routes(
    bulks: Bulks, feed: ProgressFeed, follow: FollowGroup, tickets: Tickets, addresses: Addresses
) -> list[Any]:
    """Streams of many runs. As for one run, the ticket in the address says who may listen."""

    def stream(events: AsyncIterator[Run | Bulk | Ping | Goodbye], account_id: UUID) -> EventStream:
        feed.admit(account_id)
        shown = encode_group(events, show=lambda run: addresses.with_addresses(run, account_id))
        return EventStream(shown, on_end=lambda: feed.leave(account_id))

    @get(
        "/bulk/{bulk_id:str}/events",
        opt={PUBLIC: True, STREAMS: True},
        tags=["bulk"],
        responses=STREAM_ANSWERS | refuses("ticket_invalid", "bulk_not_found", "too_many_streams"),
    )
    async def follow_bulk(
        bulk_id: FromPath[str],
        ticket: Ticket,
        last_seen: Annotated[str | None, HeaderParameter(name="Last-Event-ID")] = None,
    ) -> ASGIResponse:
        thing_id = path_id(bulk_id, "bulk_not_found")
        account_id = tickets.check_for(ticket, "bulk", thing_id=thing_id)
        bulk = await bulks.follow(account_id, thing_id)
        if bulk is None:
            raise OsliraError("bulk_not_found", "There is no such bulk.")
        if bulk.is_ended and last_seen == f"{bulk.bulk_id}:{bulk.seq}":
            # The reader has the end already: 204 is how an EventSource is told not to come back.
            return ASGIResponse(status_code=204)
        return stream(follow.bulk(thing_id, account_id), account_id)

    @get(
        "/events",
        opt={PUBLIC: True, STREAMS: True},
        tags=["analyses"],
        responses=STREAM_ANSWERS | refuses("ticket_invalid", "too_many_streams"),
    )
    async def follow_account(ticket: Ticket) -> ASGIResponse:
        account_id = tickets.check_for(ticket, "account")
        return stream(follow.account(account_id), account_id)

    @get("/events/address", tags=["analyses"], sync_to_thread=False)
    def read_events_address(request: Request[Any, Any, Any]) -> EventsAddress:
        return EventsAddress(addresses.account_events_url(member_of(request).account_id))

    return [follow_bulk, follow_account, read_events_address]
