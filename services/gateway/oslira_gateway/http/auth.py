"""Default deny: a route under /v1 is for members of an account unless it says otherwise in its `opt`."""

from typing import Any, Final
from uuid import UUID

import structlog
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from oslira_shared.errors import OsliraError

from oslira_gateway.identity.caller import Caller, Member
from oslira_gateway.identity.choose_account import choose_account
from oslira_gateway.identity.ports import Memberships, TokenVerifier

PUBLIC: Final = "public"  # opt: nobody has to say who they are
ANY_USER: Final = "any_user"  # opt: a user, with or without an account
_SCHEME: Final = "Bearer "


class Authentication:
    """The guard of /v1: verifies the token, chooses the account, leaves both on the request."""

    def __init__(self, tokens: TokenVerifier, memberships: Memberships) -> None:
        self._tokens = tokens
        self._memberships = memberships

    async def __call__(
        self, connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
    ) -> None:
        """Raises what the caller lacks: unauthenticated, token_*, service_token_refused, no_account, account_not_found."""
        # Preflight requests carry no credentials; the CORS layer answers those that matter before they get here.
        if handler.opt.get(PUBLIC) or connection.scope.get("method") == "OPTIONS":
            return
        caller = await self._tokens.verify(bearer_token(connection.headers.get("authorization")))
        connection.state.caller = caller
        if handler.opt.get(ANY_USER):
            return
        memberships = await self._memberships.of_user(caller.user_id)
        member = choose_account(caller, memberships, wanted=connection.headers.get("x-account-id"))
        connection.state.member = member
        connection.state.account_id = str(member.account_id)
        structlog.contextvars.bind_contextvars(account_id=str(member.account_id))


def bearer_token(authorization: str | None) -> str:
    """The token of an Authorization header. Raises `unauthenticated`."""
    if authorization is None or not authorization.startswith(_SCHEME):
        raise OsliraError("unauthenticated", "Send a token: Authorization: Bearer …")
    return authorization.removeprefix(_SCHEME).strip()


def caller_of(request: Request[Any, Any, Any]) -> Caller:
    """Who asks, as the guard verified it."""
    caller: Caller = request.state.caller
    return caller


def member_of(request: Request[Any, Any, Any]) -> Member:
    """Who asks, in the account they chose."""
    member: Member = request.state.member
    return member


def path_id(value: str, code: str) -> UUID:
    """An id from a path; one that isn't an id names nothing, so `code` (a not_found one) is raised."""
    try:
        return UUID(value)
    except ValueError as error:
        raise OsliraError(code, "There is no such thing in this account.") from error
