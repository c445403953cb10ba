"""`POST /v1/analyses`."""

from dataclasses import dataclass
from typing import Annotated, Any, Final
from uuid import UUID

from litestar import Request, Response, post
from litestar.params import HeaderParameter, JSONBody
from oslira_shared.contracts.analysis.v1 import RunStatus
from oslira_shared.errors import OsliraError
from pydantic import BaseModel, ConfigDict, Field

from oslira_gateway.http.auth import member_of
from oslira_gateway.http.documented import also, refuses
from oslira_gateway.http.rate_limits import LIMIT
from oslira_gateway.http.whole_number import WholeNumber
from oslira_gateway.identity.caller import Member
from oslira_gateway.limits.policies import RouteClass
from oslira_gateway.runs.order import Order, read_order
from oslira_gateway.runs.order_fields import IdText, TypeName, UsernameText
from oslira_gateway.runs.ports import Runs
from oslira_gateway.runs.request_analysis import Answer, RequestAnalysis
from oslira_gateway.runs.request_analysis import Request as AnalysisRequest
from oslira_gateway.runs.run import Run
from oslira_gateway.streams.addresses import POLL_AFTER_S, Addresses
from oslira_gateway.streams.tickets import follower_of

_MAX_KEY_LENGTH: Final = 255
# Error codes that any order of an analysis can have.
ORDER_REFUSALS: Final = (
    "unknown_type",
    "business_profile_not_found",
    "run_not_found",
    "idempotency_key_reused",
    "insufficient_credits",
    "cost_limit_reached",
    "profile_not_found",
)

IdempotencyKey = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key",
        min_length=1,
        max_length=_MAX_KEY_LENGTH,
        pattern="^[ -~]+$",
        description="Names this order for 24 hours: sent again with the same key it is made once.",
    ),
]


class AnalysisBody(BaseModel):
    """`username` as people paste it; `max_age` in seconds: how old what is used again may be."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    username: UsernameText
    type: TypeName
    business_profile_id: IdText
    max_age: Annotated[WholeNumber, Field(ge=0, le=10**9)] | None = None


@dataclass(frozen=True, slots=True)
class AcceptedRun:
    """The answer to a new analysis."""

    run_id: UUID
    status: RunStatus
    poll_url: str
    events_url: str


def analyses_routes(request_analysis: RequestAnalysis[Order], runs: Runs, addresses: Addresses) -> list[Any]:
    """Routes that order analyses."""

    @post(
        "/analyses",
        operation_id="createAnalysis",
        status_code=202,
        opt={LIMIT: RouteClass.COSTLY},
        tags=["analyses"],
        responses=also(202, AcceptedRun, "Accepted; its credits are held.")
        | also(200, Run, "The same analysis exists: at work, or finished and fresh. Nothing is charged.")
        | refuses("invalid_username", *ORDER_REFUSALS),
    )
    async def create_analysis(
        request: Request[Any, Any, Any],
        data: JSONBody[AnalysisBody],
        idempotency_key: IdempotencyKey = None,
    ) -> Response[AcceptedRun | Run]:
        """Order the analysis of one profile. Its credits are held now, and charged when it completes.

        An analysis that is at work or finished and fresh is returned instead (200), and nothing is charged.
        """
        member = member_of(request)
        order = read_order(
            username=data.username,
            kind=data.type,
            business_profile_id=data.business_profile_id,
            max_age_s=data.max_age,
        )
        answer = await request_analysis(
            AnalysisRequest(member, order, idempotency_key_of(idempotency_key), request.state.request_id)
        )
        if answer.status is not None:
            return accepted(addresses, answer.run_id, answer.status, member)
        run = await ordered_run(runs, answer, member)
        if answer.is_new:
            return accepted(addresses, run.run_id, run.status, member)
        return Response(addresses.with_addresses(run, follower_of(member)), status_code=200)

    return [create_analysis]


def accepted(
    addresses: Addresses, run_id: UUID, status: RunStatus, member: Member
) -> Response[AcceptedRun | Run]:
    """202, with the addresses of the run."""
    poll_url = addresses.poll_url(run_id)
    body = AcceptedRun(run_id, status, poll_url, addresses.events_url(run_id, follower_of(member)))
    return Response(body, status_code=202, headers={"Location": poll_url, "Retry-After": POLL_AFTER_S})


async def ordered_run(runs: Runs, answer: Answer, member: Member) -> Run:
    """The run of an order that was accepted earlier, or of the same analysis."""
    if (run := await runs.find(member, answer.run_id)) is None:
        raise OsliraError("run_not_found", "The run of this Idempotency-Key no longer exists.")
    return run


def idempotency_key_of(header: str | None) -> str | None:
    """An Idempotency-Key: 1 to 255 visible characters."""
    if header is not None and not (
        1 <= len(header) <= _MAX_KEY_LENGTH and header.isascii() and header.isprintable()
    ):
        raise OsliraError("invalid_request", "An Idempotency-Key has 1 to 255 visible ASCII characters.")
    return header
