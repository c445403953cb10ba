"""`GET /v1/me` and `POST /v1/sign-out`."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Request, get, post

from oslira_gateway.http.auth import ANY_USER, IDENTIFIED, caller_of
from oslira_gateway.identity.caller import Membership
from oslira_gateway.identity.ports import Memberships, SignOuts


@dataclass(frozen=True, slots=True)
class Me:
    """The user behind the token and the accounts that X-Account-Id may name; the first one is used without it."""

    user_id: UUID
    email: str | None
    accounts: list[Membership]


def identity_routes(memberships: Memberships, sign_outs: SignOuts) -> list[Any]:
    """Routes of the caller."""

    @get("/me", operation_id="getMe", opt={ANY_USER: True}, tags=["identity"])
    async def read_me(request: Request[Any, Any, Any]) -> Me:
        """The user of the token, and the accounts that `X-Account-Id` may name."""
        caller = caller_of(request)
        return Me(
            user_id=caller.user_id,
            email=caller.email,
            accounts=list(await memberships.of_user(caller.user_id)),
        )

    # Needs only the token, so that a repeated sign-out has the same response.
    @post(
        "/sign-out",
        operation_id="signOut",
        status_code=204,
        opt={ANY_USER: True, IDENTIFIED: True},
        tags=["identity"],
    )
    async def sign_out(request: Request[Any, Any, Any]) -> None:
        """Tokens of this sign-in are refused from now on; its event streams and tickets end within 5 seconds."""
        await sign_outs.sign_out(caller_of(request))

    return [read_me, sign_out]
