"""`POST /v1/analyses/anonymous`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, post
from litestar.params import JSONBody
from oslira_shared.anonymous import ANONYMOUS_ACCOUNT_ID
from oslira_shared.contracts.analysis.v1 import RunStatus
from oslira_shared.errors import OsliraError
from pydantic import BaseModel, ConfigDict, Field

from oslira_gateway.anonymous.anonymous_caller import read_visitors_order
from oslira_gateway.anonymous.challenges import MAX_RESPONSE_LENGTH
from oslira_gateway.anonymous.request_anonymous import RequestAnonymous, Visit
from oslira_gateway.anonymous.run_tokens import RunTokens
from oslira_gateway.http.auth import PUBLIC
from oslira_gateway.http.client_address import Network, client_address, counted_network
from oslira_gateway.http.documented import also, refuses
from oslira_gateway.http.rate_limits import LIMIT
from oslira_gateway.limits.policies import RouteClass
from oslira_gateway.runs.order_fields import UsernameText
from oslira_gateway.runs.ports import Runs
from oslira_gateway.streams.addresses import POLL_AFTER_S, Addresses
from oslira_gateway.streams.tickets import ANONYMOUS_FOLLOWER


class AnonymousBody(BaseModel):
    """`username` as people paste it; `challenge` is what the challenge gave the visitor's browser."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    username: UsernameText
    challenge: (
        Annotated[str, Field(max_length=MAX_RESPONSE_LENGTH, json_schema_extra={"minLength": 1})] | None
    ) = None


@dataclass(frozen=True, slots=True)
class AcceptedAnonymousRun:
    """`token` (as `Authorization: Bearer`) reads this run and its events, and nothing else, until `expires_at`.

    About then the run is deleted, with its result.
    """

    run_id: UUID
    status: RunStatus
    poll_url: str
    events_url: str
    token: str
    expires_at: datetime


def anonymous_routes(
    request_anonymous: RequestAnonymous,
    runs: Runs,
    addresses: Addresses,
    run_tokens: RunTokens,
    *,
    trusted_proxies: Sequence[Network],
) -> list[Any]:
    """Routes without an account. The run is read at `/v1/runs/{run_id}` with its token."""

    @post(
        "/analyses/anonymous",
        operation_id="createAnonymousAnalysis",
        status_code=202,
        opt={PUBLIC: True, LIMIT: RouteClass.ANONYMOUS},
        tags=["analyses"],
        responses=also(202, AcceptedAnonymousRun, "Accepted. Only its token can read it.")
        | refuses(
            "invalid_username",
            "challenge_failed",
            "anonymous_limit_reached",
            "anonymous_used_up",
            "profile_not_found",
        ),
    )
    async def create_anonymous_analysis(
        request: Request[Any, Any, Any], data: JSONBody[AnonymousBody]
    ) -> Response[AcceptedAnonymousRun]:
        """Order a light analysis without an account. The answer's `token` reads the run for an hour."""
        request.state.account_id = str(ANONYMOUS_ACCOUNT_ID)
        order = read_visitors_order(data.username)
        network = counted_network(client_address(request.scope, trusted_proxies))
        answer = await request_anonymous(Visit(order, network, data.challenge, request.state.request_id))
        status = answer.status
        if status is None:  # another caller's active run of the same profile
            run = await runs.follow(ANONYMOUS_ACCOUNT_ID, answer.run_id)
            if run is None:
                raise OsliraError("unavailable", "The analysis could not be accepted; try again.")
            status = run.status
        token, poll_url = run_tokens.issue(answer.run_id), addresses.poll_url(answer.run_id)
        body = AcceptedAnonymousRun(
            run_id=answer.run_id,
            status=status,
            poll_url=poll_url,
            events_url=addresses.events_url(answer.run_id, ANONYMOUS_FOLLOWER),
            token=token.text,
            expires_at=token.expires_at,
        )
        return Response(body, status_code=202, headers={"Location": poll_url, "Retry-After": POLL_AFTER_S})

    return [create_anonymous_analysis]
