"""`GET` and `POST /v1/trial`."""

from dataclasses import dataclass
from typing import Annotated, Any

from litestar import Request, get, post
from litestar.params import JSONBody
from pydantic import BaseModel, ConfigDict, Field

from oslira_gateway.anonymous.challenges import MAX_RESPONSE_LENGTH
from oslira_gateway.http.auth import member_of
from oslira_gateway.http.documented import refuses
from oslira_gateway.http.rate_limits import LIMIT
from oslira_gateway.identity.begin_trial import BeginTrial, TrialStatus
from oslira_gateway.limits.policies import RouteClass


class TrialBody(BaseModel):
    """`challenge`: the response that the Turnstile widget gave the user's browser; it is good once."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    challenge: Annotated[str, Field(min_length=1, max_length=MAX_RESPONSE_LENGTH)] | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """`status`: started, starting (its credits come within seconds), challenge_required, next_day, refused, or none."""

    status: TrialStatus


def trial_routes(begin_trial: BeginTrial) -> list[Any]:
    """Routes of the selected account's trial."""

    @get("/trial", operation_id="getTrial", tags=["identity"])
    async def read_trial(request: Request[Any, Any, Any]) -> Trial:
        """How the trial of the account in use stands."""
        return Trial(await begin_trial.status(member_of(request).account_id))

    @post(
        "/trial",
        operation_id="startTrial",
        status_code=200,
        opt={LIMIT: RouteClass.COSTLY},
        tags=["identity"],
        responses=refuses("challenge_required", "challenge_failed"),
    )
    async def start_trial(request: Request[Any, Any, Any], data: JSONBody[TrialBody]) -> Trial:
        """Most trials begin with a user's first request. One that waits for a challenge begins here; again: the same answer."""
        return Trial(await begin_trial(member_of(request).account_id, data.challenge))

    return [read_trial, start_trial]
