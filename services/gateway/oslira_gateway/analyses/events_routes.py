"""`GET /v1/runs/{run_id}/events`."""

from typing import Annotated, Any

from litestar import get
from litestar.params import FromPath, HeaderParameter, QueryParameter
from litestar.response.base import ASGIResponse
from oslira_shared.errors import OsliraError

from oslira_gateway.analyses.addresses import Addresses
from oslira_gateway.analyses.event_stream import STREAM_ANSWERS, EventStream, encode_events, last_event_id
from oslira_gateway.analyses.feed import ProgressFeed
from oslira_gateway.analyses.follow_run import FollowRun
from oslira_gateway.analyses.ports import Runs
from oslira_gateway.analyses.tickets import Tickets
from oslira_gateway.http.auth import PUBLIC, path_id
from oslira_gateway.http.documented import refuses
from oslira_gateway.http.timeouts import STREAMS


def events_routes(
    runs: Runs, feed: ProgressFeed, follow_run: FollowRun, tickets: Tickets, addresses: Addresses
) -> list[Any]:
    """The event stream of a run. No token: the ticket in its address says who may listen."""

    @get(
        "/runs/{run_id:str}/events",
        opt={PUBLIC: True, STREAMS: True},
        tags=["analyses"],
        responses=STREAM_ANSWERS | refuses("ticket_invalid", "run_not_found", "too_many_streams"),
    )
    async def follow_events(
        run_id: FromPath[str],
        ticket: Annotated[str, QueryParameter(max_length=512)],
        last_seen: Annotated[str | None, HeaderParameter(name="Last-Event-ID")] = None,
    ) -> ASGIResponse:
        granted = tickets.check(ticket, run_id=path_id(run_id, "run_not_found"))
        run = await runs.follow(granted.account_id, granted.run_id)
        if run is None:
            raise OsliraError("run_not_found", "There is no such run.")
        last_seq = last_event_id(last_seen)
        if run.is_ended and run.seq == last_seq:
            # The reader has the end already: 204 is how an EventSource is told not to come back.
            return ASGIResponse(status_code=204)
        feed.admit(granted.account_id)
        events = follow_run(run, granted.account_id, last_seq=last_seq)
        shown = encode_events(events, show=lambda r: addresses.with_addresses(r, granted.account_id))
        return EventStream(shown, on_end=lambda: feed.leave(granted.account_id))

    return [follow_events]
