"""`GET /v1/bulk/{bulk_id}/events` and `GET /v1/events`: many runs in one stream; an event's id is `<run_id>:<seq>`."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final

from litestar import Request, get
from litestar.params import FromPath, HeaderParameter
from litestar.response.base import ASGIResponse
from litestar.serialization import encode_json
from oslira_shared.errors import OsliraError

from oslira_gateway.bulk.bulk import Bulk
from oslira_gateway.bulk.request_bulk import Bulks
from oslira_gateway.http.auth import BY_TICKET, member_of, path_id
from oslira_gateway.http.client_address import Network, client_address, counted_network
from oslira_gateway.http.documented import refuses
from oslira_gateway.http.openapi.streams import EVENTS, stream_answers
from oslira_gateway.http.timeouts import STREAMS
from oslira_gateway.runs.run import RunSummary
from oslira_gateway.streams.addresses import Addresses
from oslira_gateway.streams.event_stream import RECONNECT, AccessEnded, EventStream, Ticket
from oslira_gateway.streams.follow_group import FollowGroup
from oslira_gateway.streams.follow_run import Goodbye, Ping
from oslira_gateway.streams.group_reading import Change
from oslira_gateway.streams.open_streams import OpenStreams
from oslira_gateway.streams.tickets import Follower, Tickets, follower_of

_ACCOUNT_EVENTS: Final = {"progress": RunSummary, "access_ended": AccessEnded}
_BULK_EVENTS: Final = {"progress": RunSummary, "bulk": Bulk, "access_ended": AccessEnded}


@dataclass(frozen=True, slots=True)
class EventsAddress:
    """The address of the account's event stream, valid for ten minutes."""

    events_url: str


def encode(thing: RunSummary | Bulk) -> bytes:
    """A run as `event: progress`, the bulk itself as `event: bulk`. It is shared by all readers, so it has no ticket."""
    if isinstance(thing, Bulk):
        return _event(f"{thing.bulk_id}:{thing.seq}", "bulk", thing)
    return _event(
        f"{thing.run_id}:{thing.seq}", "progress", replace(thing, poll_url=f"/v1/runs/{thing.run_id}")
    )


async def encode_group(
    events: AsyncIterator[Sequence[Change] | Ping | Goodbye],
) -> AsyncGenerator[bytes]:
    """Events of a stream of many runs."""
    yield RECONNECT
    async for event in events:
        match event:
            case Ping():
                yield b": ping\n\n"
            case Goodbye():
                yield RECONNECT
            case _:
                yield b"".join(change.encoded for change in event)


def _event(event_id: str, name: str, data: RunSummary | Bulk) -> bytes:
    return f"id: {event_id}\nevent: {name}\ndata: {encode_json(data).decode()}\n\n".encode()


def group_events_routes(
    bulks: Bulks,
    streams: OpenStreams,
    follow: FollowGroup,
    tickets: Tickets,
    addresses: Addresses,
    *,
    trusted_proxies: Sequence[Network] = (),
) -> list[Any]:
    """Streams of many runs: for a member's token, or the ticket of an `events_url`."""

    def opened(
        request: Request[Any, Any, Any],
        events: AsyncIterator[Sequence[Change] | Ping | Goodbye],
        follower: Follower,
    ) -> EventStream:
        network = counted_network(client_address(request.scope, trusted_proxies))
        stream = streams.admit(follower, counted_as=follower.account_id, network=network)
        return EventStream(encode_group(events), stream=stream, streams=streams)

    @get(
        "/bulk/{bulk_id:str}/events",
        operation_id="followBulk",
        opt={BY_TICKET: True, STREAMS: True, EVENTS: _BULK_EVENTS},
        tags=["bulk"],
        responses=stream_answers(_BULK_EVENTS)
        | refuses("ticket_invalid", "bulk_not_found", "too_many_streams"),
    )
    async def follow_bulk(
        request: Request[Any, Any, Any],
        bulk_id: FromPath[str],
        ticket: Ticket = None,
        last_seen: Annotated[str | None, HeaderParameter(name="Last-Event-ID")] = None,
    ) -> ASGIResponse:
        """Follow a bulk as server-sent events: its runs as `progress`, the bulk itself as `bulk`, until it has ended."""
        thing_id = path_id(bulk_id, "bulk_not_found")
        follower = (
            follower_of(member_of(request))
            if ticket is None
            else tickets.check(ticket, "bulk", thing_id=thing_id)
        )
        await streams.require_access(follower)
        bulk = await bulks.follow(follower.account_id, thing_id)
        if bulk is None:
            raise OsliraError("bulk_not_found", "There is no such bulk.")
        if bulk.is_ended and last_seen == f"{bulk.bulk_id}:{bulk.seq}":
            # The client has the last event already. 204 stops an EventSource from reconnecting.
            return ASGIResponse(status_code=204)
        return opened(request, follow.bulk(thing_id, follower.account_id), follower)

    @get(
        "/events",
        operation_id="followAccount",
        opt={BY_TICKET: True, STREAMS: True, EVENTS: _ACCOUNT_EVENTS},
        tags=["analyses"],
        responses=stream_answers(_ACCOUNT_EVENTS) | refuses("ticket_invalid", "too_many_streams"),
    )
    async def follow_account(request: Request[Any, Any, Any], ticket: Ticket = None) -> ASGIResponse:
        """Follow all runs of the account as server-sent events, from those that are unfinished. The stream has no end."""
        follower = follower_of(member_of(request)) if ticket is None else tickets.check(ticket, "account")
        await streams.require_access(follower)
        return opened(request, follow.account(follower.account_id), follower)

    @get("/events/address", operation_id="getEventsAddress", tags=["analyses"], sync_to_thread=False)
    def read_events_address(request: Request[Any, Any, Any]) -> EventsAddress:
        """The address of the account's event stream, with a ticket for clients that send no headers."""
        return EventsAddress(addresses.account_events_url(follower_of(member_of(request))))

    return [follow_bulk, follow_account, read_events_address]
