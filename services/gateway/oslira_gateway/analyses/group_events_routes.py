"""`GET /v1/bulk/{bulk_id}/events` and `GET /v1/events`: many runs in one stream; an event's id is `<run_id>:<seq>`."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

from litestar import Request, get
from litestar.params import FromPath, HeaderParameter, QueryParameter
from litestar.response.base import ASGIResponse
from litestar.serialization import encode_json
from oslira_shared.errors import OsliraError

from oslira_gateway.analyses.addresses import Addresses
from oslira_gateway.analyses.bulk import Bulk
from oslira_gateway.analyses.event_stream import RECONNECT, STREAM_ANSWERS, EventStream
from oslira_gateway.analyses.follow_group import FollowGroup
from oslira_gateway.analyses.follow_run import Goodbye, Ping
from oslira_gateway.analyses.group_reading import Change
from oslira_gateway.analyses.open_streams import OpenStreams
from oslira_gateway.analyses.request_bulk import Bulks
from oslira_gateway.analyses.run import Run
from oslira_gateway.analyses.tickets import Follower, Tickets, follower_of
from oslira_gateway.http.auth import PUBLIC, member_of, path_id
from oslira_gateway.http.client_address import Network, client_address, counted_network
from oslira_gateway.http.documented import refuses
from oslira_gateway.http.timeouts import STREAMS

Ticket = Annotated[str, QueryParameter(max_length=512)]


@dataclass(frozen=True, slots=True)
class EventsAddress:
    """Where all runs of the account can be followed, for ten minutes."""

    events_url: str


def encode(thing: Run | Bulk) -> bytes:
    """A run as `event: progress`, the bulk itself as `event: bulk`. The same for every reader, so it holds no ticket."""
    if isinstance(thing, Bulk):
        return _event(f"{thing.bulk_id}:{thing.seq}", "bulk", thing)
    return _event(
        f"{thing.run_id}:{thing.seq}", "progress", replace(thing, poll_url=f"/v1/runs/{thing.run_id}")
    )


async def encode_group(
    events: AsyncIterator[Sequence[Change] | Ping | Goodbye],
) -> AsyncGenerator[bytes]:
    """What a stream of many runs sends."""
    yield RECONNECT
    async for event in events:
        match event:
            case Ping():
                yield b": ping\n\n"
            case Goodbye():
                yield RECONNECT
            case _:
                yield b"".join(change.encoded for change in event)


def _event(event_id: str, name: str, data: Run | Bulk) -> bytes:
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
    """Streams of many runs. As for one run, the ticket in the address says who may listen."""

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
        opt={PUBLIC: True, STREAMS: True},
        tags=["bulk"],
        responses=STREAM_ANSWERS | refuses("ticket_invalid", "bulk_not_found", "too_many_streams"),
    )
    async def follow_bulk(
        request: Request[Any, Any, Any],
        bulk_id: FromPath[str],
        ticket: Ticket,
        last_seen: Annotated[str | None, HeaderParameter(name="Last-Event-ID")] = None,
    ) -> ASGIResponse:
        thing_id = path_id(bulk_id, "bulk_not_found")
        follower = tickets.check(ticket, "bulk", thing_id=thing_id)
        await streams.require_access(follower)
        bulk = await bulks.follow(follower.account_id, thing_id)
        if bulk is None:
            raise OsliraError("bulk_not_found", "There is no such bulk.")
        if bulk.is_ended and last_seen == f"{bulk.bulk_id}:{bulk.seq}":
            # The reader has the end already: 204 is how an EventSource is told not to come back.
            return ASGIResponse(status_code=204)
        return opened(request, follow.bulk(thing_id, follower.account_id), follower)

    @get(
        "/events",
        opt={PUBLIC: True, STREAMS: True},
        tags=["analyses"],
        responses=STREAM_ANSWERS | refuses("ticket_invalid", "too_many_streams"),
    )
    async def follow_account(request: Request[Any, Any, Any], ticket: Ticket) -> ASGIResponse:
        follower = tickets.check(ticket, "account")
        await streams.require_access(follower)
        return opened(request, follow.account(follower.account_id), follower)

    @get("/events/address", tags=["analyses"], sync_to_thread=False)
    def read_events_address(request: Request[Any, Any, Any]) -> EventsAddress:
        return EventsAddress(addresses.account_events_url(follower_of(member_of(request))))

    return [follow_bulk, follow_account, read_events_address]
