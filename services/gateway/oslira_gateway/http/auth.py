"""Default deny: a route under /v1 is for members of an account unless it says otherwise in its `opt`."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol
from uuid import UUID

import structlog
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from oslira_shared.anonymous import ANONYMOUS_ACCOUNT_ID
from oslira_shared.errors import OsliraError

from oslira_gateway.http.client_address import Network, client_address, counted_network
from oslira_gateway.identity.caller import Caller, Member, Membership
from oslira_gateway.identity.choose_account import choose_account
from oslira_gateway.identity.permissions import NEEDS, Action, require
from oslira_gateway.identity.ports import Memberships, TokenVerifier
from oslira_gateway.identity.sign_up import SignUp

PUBLIC: Final = "public"  # opt: nobody has to say who they are
ANY_USER: Final = "any_user"  # opt: a user, with or without an account
IDENTIFIED: Final = (
    "identified"  # opt: a good token is enough; nothing is looked up, so a sign-in that has ended is good too
)
ACCOUNT_IN_PATH: Final = "account_in_path"  # opt: the route's own {account_id} is the account in use
BY_TICKET: Final = (
    "by_ticket"  # opt: a `ticket` in the query, which the route checks, takes the token's place
)
ANONYMOUS: Final = "anonymous"  # opt: the token of a visitor's run is good here as well, for that run
_SCHEME: Final = "bearer"


class RunTokenVerifier(Protocol):
    """Tells which run a visitor's token opens."""

    def run_of(self, token: str) -> UUID | None:
        """None when it is no token of that kind. Raises OsliraError: token_invalid, token_expired."""
        ...


class Authentication:
    """The guard of /v1, in two steps: `identify` verifies the token, `choose` lets newcomers in and chooses the account."""

    def __init__(
        self,
        tokens: TokenVerifier,
        memberships: Memberships,
        sign_up: SignUp | None = None,
        *,
        run_tokens: RunTokenVerifier | None = None,
        trusted_proxies: Sequence[Network] = (),
    ) -> None:
        """Without `sign_up` nobody becomes a user by asking."""
        self._tokens = tokens
        self._memberships = memberships
        self._sign_up = sign_up
        self._run_tokens = run_tokens
        self._trusted_proxies = trusted_proxies

    async def identify(
        self, connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
    ) -> None:
        """Verify the token and leave its caller on the request. Reads no database, so it may come before the rate limits.

        Raises what the token lacks: unauthenticated, token_*, service_token_refused.
        """
        if is_open(connection, handler):
            return
        token = bearer_token(connection.headers.get("authorization"))
        if handler.opt.get(ANONYMOUS) and self._run_tokens and (run_id := self._run_tokens.run_of(token)):
            connection.state.granted_run_id = run_id
            connection.state.account_id = str(ANONYMOUS_ACCOUNT_ID)
            return
        connection.state.caller = await self._tokens.verify(token)

    async def choose(self, connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        """Look up the accounts of the caller that `identify` found, and leave the chosen one on the request.

        Raises what the caller lacks: signed_out, no_account, account_not_found, forbidden.
        """
        caller: Caller | None = connection.scope["state"].get("caller")
        if caller is None or handler.opt.get(IDENTIFIED):
            return
        memberships = await self._memberships_of(caller, connection.scope)
        if handler.opt.get(ANY_USER):
            return
        member = choose_account(caller, memberships, wanted=connection.headers.get("x-account-id"))
        if handler.opt.get(ACCOUNT_IN_PATH):
            member = choose_account(caller, memberships, wanted=connection.path_params["account_id"])
        require(member, handler.opt.get(NEEDS, Action.USE_ACCOUNT))
        connection.state.member = member
        connection.state.account_id = str(member.account_id)
        structlog.contextvars.bind_contextvars(account_id=str(member.account_id))

    async def _memberships_of(self, caller: Caller, scope: Mapping[str, Any]) -> Sequence[Membership]:
        memberships = await self._memberships.of_caller(caller)
        if memberships or self._sign_up is None:
            return memberships
        network = counted_network(client_address(scope, self._trusted_proxies))
        if await self._sign_up(caller, network) is None and not caller.is_confirmed:
            return memberships
        # Made now, or by another first request that came with this one.
        return await self._memberships.of_user(caller.user_id)


def is_open(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> bool:
    """Whether the request needs no token."""
    # Preflight requests carry no credentials; the CORS layer answers those that matter before they get here.
    if handler.opt.get(PUBLIC) or connection.scope.get("method") == "OPTIONS":
        return True
    return bool(handler.opt.get(BY_TICKET)) and "ticket" in connection.query_params


def bearer_token(authorization: str | None) -> str:
    """The token of an Authorization header; the scheme is in any case (RFC 9110). Raises `unauthenticated`."""
    scheme, _, token = (authorization or "").strip().partition(" ")
    if scheme.lower() != _SCHEME or not token.strip():
        raise OsliraError("unauthenticated", "Send a token: Authorization: Bearer …")
    return token.strip()


def caller_of(request: Request[Any, Any, Any]) -> Caller:
    """Who asks, as the guard verified it."""
    caller: Caller = request.state.caller
    return caller


def member_of(request: Request[Any, Any, Any]) -> Member:
    """Who asks, in the account they chose."""
    member: Member = request.state.member
    return member


def granted_run_of(request: Request[Any, Any, Any]) -> UUID | None:
    """The run that a visitor's token opens; None when a member asks."""
    run_id: UUID | None = getattr(request.state, "granted_run_id", None)
    return run_id


def path_id(value: str, code: str) -> UUID:
    """An id from a path; one that isn't an id names nothing, so `code` (a not_found one) is raised."""
    try:
        return UUID(value)
    except ValueError as error:
        raise OsliraError(code, "There is no such thing in this account.") from error
