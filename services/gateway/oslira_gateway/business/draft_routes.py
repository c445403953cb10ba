"""`POST /v1/business-profiles/generate`."""

from typing import Any

from litestar import Request, Response, post
from litestar.params import JSONBody
from oslira_shared.errors import OsliraError

from oslira_gateway.business.draft import DraftOrder, OnboardingAnswers
from oslira_gateway.http.auth import member_of
from oslira_gateway.http.documented import also, refuses
from oslira_gateway.http.rate_limits import LIMIT
from oslira_gateway.limits.policies import RouteClass
from oslira_gateway.runs.order_routes import AcceptedRun, IdempotencyKey, idempotency_key_of
from oslira_gateway.runs.ports import Runs
from oslira_gateway.runs.request_analysis import Request as OrderRequest
from oslira_gateway.runs.request_analysis import RequestAnalysis
from oslira_gateway.streams.addresses import POLL_AFTER_S, Addresses
from oslira_gateway.streams.tickets import follower_of


def draft_routes(request_draft: RequestAnalysis[DraftOrder], runs: Runs, addresses: Addresses) -> list[Any]:
    """Routes that let a model draft a business profile. The draft is the run's result; saving it is up to its owner."""

    @post(
        "/business-profiles/generate",
        operation_id="generateBusinessProfile",
        status_code=202,
        opt={LIMIT: RouteClass.COSTLY},
        tags=["business"],
        responses=also(202, AcceptedRun, "Accepted: a run like any other, whose result is the draft.")
        | refuses("idempotency_key_reused", "insufficient_credits", "cost_limit_reached"),
    )
    async def generate_business_profile(
        request: Request[Any, Any, Any],
        data: JSONBody[OnboardingAnswers],
        idempotency_key: IdempotencyKey = None,
    ) -> Response[AcceptedRun]:
        """Order a draft of a business profile from a few answers. The draft is the run's result; saving it is a request of its own."""
        member, key = member_of(request), idempotency_key_of(idempotency_key)
        answer = await request_draft(OrderRequest(member, DraftOrder(data), key, request.state.request_id))
        status, poll_url = answer.status, addresses.poll_url(answer.run_id)
        if status is None:  # this key's earlier draft
            run = await runs.find(member, answer.run_id)
            if run is None:
                raise OsliraError("run_not_found", "The run of this Idempotency-Key is not there any more.")
            status = run.status
        body = AcceptedRun(
            answer.run_id, status, poll_url, addresses.events_url(answer.run_id, follower_of(member))
        )
        return Response(body, status_code=202, headers={"Location": poll_url, "Retry-After": POLL_AFTER_S})

    return [generate_business_profile]
