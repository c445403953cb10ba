"""`GET /v1/me`."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Request, get

from oslira_gateway.http.auth import ANY_USER, caller_of
from oslira_gateway.identity.caller import Membership
from oslira_gateway.identity.ports import Memberships


@dataclass(frozen=True, slots=True)
class Me:
    """The user behind the token and the accounts that X-Account-Id may name; the first one is used without it."""

    user_id: UUID
    email: str | None
    accounts: list[Membership]


def identity_routes(memberships: Memberships) -> list[Any]:
    """Routes about the caller."""

    @get("/me", opt={ANY_USER: True}, tags=["identity"])
    async def read_me(request: Request[Any, Any, Any]) -> Me:
        caller = caller_of(request)
        return Me(
            user_id=caller.user_id,
            email=caller.email,
            accounts=list(await memberships.of_user(caller.user_id)),
        )

    return [read_me]
