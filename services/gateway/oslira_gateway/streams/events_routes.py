"""`GET /v1/runs/{run_id}/events`."""

from collections.abc import Sequence
from typing import Annotated, Any, Final
from uuid import UUID

from litestar import Request, get
from litestar.params import FromPath, HeaderParameter
from litestar.response.base import ASGIResponse
from oslira_shared.errors import OsliraError

from oslira_gateway.http.auth import ANONYMOUS, BY_TICKET, granted_run_of, member_of, path_id
from oslira_gateway.http.client_address import Network, client_address, counted_network
from oslira_gateway.http.documented import refuses
from oslira_gateway.http.openapi.streams import EVENTS, stream_answers
from oslira_gateway.http.timeouts import STREAMS
from oslira_gateway.runs.ports import Runs
from oslira_gateway.runs.run import Run
from oslira_gateway.streams.addresses import Addresses
from oslira_gateway.streams.event_stream import (
    AccessEnded,
    EventStream,
    Ticket,
    encode_events,
    last_event_id,
)
from oslira_gateway.streams.follow_run import FollowRun
from oslira_gateway.streams.open_streams import OpenStreams
from oslira_gateway.streams.tickets import ANONYMOUS_FOLLOWER, Follower, Tickets, follower_of

_EVENTS: Final = {"progress": Run, "access_ended": AccessEnded}


def events_routes(
    runs: Runs,
    streams: OpenStreams,
    follow_run: FollowRun,
    tickets: Tickets,
    addresses: Addresses,
    *,
    trusted_proxies: Sequence[Network] = (),
) -> list[Any]:
    """The event stream of a run: for a member's token, a visitor's token of that run, or the ticket of its `events_url`."""

    @get(
        "/runs/{run_id:str}/events",
        operation_id="followRun",
        opt={BY_TICKET: True, STREAMS: True, ANONYMOUS: True, EVENTS: _EVENTS},
        tags=["analyses"],
        responses=stream_answers(_EVENTS) | refuses("ticket_invalid", "run_not_found", "too_many_streams"),
    )
    async def follow_events(
        request: Request[Any, Any, Any],
        run_id: FromPath[str],
        ticket: Ticket = None,
        last_seen: Annotated[str | None, HeaderParameter(name="Last-Event-ID")] = None,
    ) -> ASGIResponse:
        """Follow one run as server-sent events: each `progress` event is a whole snapshot of the run, and the last one is its end."""
        thing_id, follower = _granted(request, run_id, ticket)
        await streams.require_access(follower)
        run = await runs.follow(follower.account_id, thing_id)
        if run is None:
            raise OsliraError("run_not_found", "There is no such run.")
        last_seq = last_event_id(last_seen)
        if run.is_ended and run.seq == last_seq:
            # The client has the last event already. 204 stops an EventSource from reconnecting.
            return ASGIResponse(status_code=204)
        # Anonymous callers share an account, but no streams.
        counted = thing_id if follower.user_id is None else follower.account_id
        network = counted_network(client_address(request.scope, trusted_proxies))
        stream = streams.admit(follower, counted_as=counted, network=network)
        events = follow_run(run, follower.account_id, last_seq=last_seq)
        shown = encode_events(events, show=lambda r: addresses.with_addresses(r, follower))
        return EventStream(shown, stream=stream, streams=streams)

    def _granted(request: Request[Any, Any, Any], run_id: str, ticket: str | None) -> tuple[UUID, Follower]:
        thing_id = path_id(run_id, "run_not_found")
        if ticket is not None:
            return thing_id, tickets.check(ticket, "run", thing_id=thing_id)
        granted_id = granted_run_of(request)
        if granted_id is None:
            return thing_id, follower_of(member_of(request))
        if granted_id != thing_id:
            raise OsliraError("run_not_found", "There is no such run.")
        return thing_id, ANONYMOUS_FOLLOWER

    return [follow_events]
