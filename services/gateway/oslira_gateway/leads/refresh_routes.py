"""`POST /v1/leads/{lead_id}/refresh`."""

from typing import Annotated, Any

from litestar import Request, Response, post
from litestar.params import FromPath, QueryParameter

from oslira_gateway.http.auth import member_of, path_id
from oslira_gateway.http.documented import also, refuses
from oslira_gateway.http.rate_limits import LIMIT
from oslira_gateway.leads.refresh_lead import RefreshLead
from oslira_gateway.limits.policies import RouteClass
from oslira_gateway.runs.order_routes import (
    ORDER_REFUSALS,
    AcceptedRun,
    IdempotencyKey,
    accepted,
    idempotency_key_of,
    ordered_run,
)
from oslira_gateway.runs.ports import Runs
from oslira_gateway.runs.run import Run
from oslira_gateway.streams.addresses import Addresses
from oslira_gateway.streams.tickets import follower_of


def refresh_routes(refresh_lead: RefreshLead, runs: Runs, addresses: Addresses) -> list[Any]:
    """Routes that analyse a lead again."""

    @post(
        "/leads/{lead_id:str}/refresh",
        operation_id="refreshLead",
        status_code=202,
        opt={LIMIT: RouteClass.COSTLY},
        tags=["leads"],
        responses=also(202, AcceptedRun, "Accepted, or the refresh that is at work already.")
        | also(200, Run, "The newest item is analysed already: that run. Nothing is charged.")
        | refuses("lead_not_found", *ORDER_REFUSALS),
    )
    async def refresh(
        request: Request[Any, Any, Any],
        lead_id: FromPath[str],
        kind: Annotated[str | None, QueryParameter(name="type", max_length=20)] = None,
        idempotency_key: IdempotencyKey = None,
    ) -> Response[AcceptedRun | Run]:
        """Analyse a lead again, with the type of its newest analysis or with `type`.

        If the newest scraped data is analysed already, that run is returned (200), and nothing is charged.
        """
        member = member_of(request)
        answer = await refresh_lead(
            member,
            path_id(lead_id, "lead_not_found"),
            kind=kind,
            key=idempotency_key_of(idempotency_key),
            request_id=request.state.request_id,
        )
        if answer.status is not None:
            return accepted(addresses, answer.run_id, answer.status, member)
        run = await ordered_run(runs, answer, member)
        if answer.is_new or not run.is_ended:
            return accepted(addresses, run.run_id, run.status, member)
        return Response(addresses.with_addresses(run, follower_of(member)), status_code=200)

    return [refresh]
