"""`GET /v1/runs/{run_id}/events`."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, get
from litestar.params import FromPath, HeaderParameter, QueryParameter
from litestar.response.base import ASGIResponse
from oslira_shared.errors import OsliraError

from oslira_gateway.analyses.addresses import Addresses
from oslira_gateway.analyses.event_stream import STREAM_ANSWERS, EventStream, encode_events, last_event_id
from oslira_gateway.analyses.follow_run import FollowRun
from oslira_gateway.analyses.open_streams import OpenStreams
from oslira_gateway.analyses.ports import Runs
from oslira_gateway.analyses.tickets import VISITOR, Follower, Tickets
from oslira_gateway.http.auth import FOR_VISITORS, PUBLIC, RunTokenVerifier, bearer_token, path_id
from oslira_gateway.http.client_address import Network, client_address, counted_network
from oslira_gateway.http.documented import refuses
from oslira_gateway.http.timeouts import STREAMS


def events_routes(
    runs: Runs,
    streams: OpenStreams,
    follow_run: FollowRun,
    tickets: Tickets,
    addresses: Addresses,
    *,
    run_tokens: RunTokenVerifier,
    trusted_proxies: Sequence[Network] = (),
) -> list[Any]:
    """The event stream of a run. The ticket in its address says who may listen; of a visitor's run, its token does as well."""

    @get(
        "/runs/{run_id:str}/events",
        opt={PUBLIC: True, STREAMS: True, FOR_VISITORS: True},
        tags=["analyses"],
        responses=STREAM_ANSWERS
        | refuses(
            "ticket_invalid",
            "unauthenticated",
            "token_invalid",
            "token_expired",
            "run_not_found",
            "too_many_streams",
        ),
    )
    async def follow_events(
        request: Request[Any, Any, Any],
        run_id: FromPath[str],
        ticket: Annotated[str | None, QueryParameter(max_length=512)] = None,
        last_seen: Annotated[str | None, HeaderParameter(name="Last-Event-ID")] = None,
    ) -> ASGIResponse:
        thing_id, follower = _granted(request, run_id, ticket)
        await streams.require_access(follower)
        run = await runs.follow(follower.account_id, thing_id)
        if run is None:
            raise OsliraError("run_not_found", "There is no such run.")
        last_seq = last_event_id(last_seen)
        if run.is_ended and run.seq == last_seq:
            # The reader has the end already: 204 is how an EventSource is told not to come back.
            return ASGIResponse(status_code=204)
        # Visitors share an account, but no streams.
        counted = thing_id if follower.user_id is None else follower.account_id
        network = counted_network(client_address(request.scope, trusted_proxies))
        stream = streams.admit(follower, counted_as=counted, network=network)
        events = follow_run(run, follower.account_id, last_seq=last_seq)
        shown = encode_events(events, show=lambda r: addresses.with_addresses(r, follower))
        return EventStream(shown, stream=stream, streams=streams)

    def _granted(request: Request[Any, Any, Any], run_id: str, ticket: str | None) -> tuple[UUID, Follower]:
        if ticket is not None:
            thing_id = path_id(run_id, "run_not_found")
            return thing_id, tickets.check(ticket, "run", thing_id=thing_id)
        granted_id = run_tokens.run_of(bearer_token(request.headers.get("authorization")))
        if granted_id is None:  # a user's own token: their streams are by ticket
            raise OsliraError("ticket_invalid", "Follow the run at its events_url, which holds a ticket.")
        if granted_id != path_id(run_id, "run_not_found"):
            raise OsliraError("run_not_found", "There is no such run.")
        return granted_id, VISITOR

    return [follow_events]
