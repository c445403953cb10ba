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

PUBLIC: Final = "public"  # opt: needs no token
ANY_USER: Final = "any_user"  # opt: a user, with or without an account
IDENTIFIED: Final = (
    "identified"  # opt: a valid token is enough; Postgres is not read, so a token after sign-out is accepted
)
ACCOUNT_IN_PATH: Final = "account_in_path"  # opt: the route's own {account_id} is the account in use
BY_TICKET: Final = "by_ticket"  # opt: a `ticket` in the query replaces the token; the route checks it
ANONYMOUS: Final = "anonymous"  # opt: also accepts an anonymous caller's token, for its run
_SCHEME: Final = "bearer"


class RunTokenVerifier(Protocol):
    """Verifies tokens of anonymous callers."""

    def run_of(self, token: str) -> UUID | None:
        """The token's run; None for another kind of token. Raises OsliraError: token_invalid, token_expired."""
        ...


class Authentication:
    """The guard of /v1, in two steps: `identify` verifies the token, `choose` signs up new users and selects the account."""

    def __init__(
        self,
        tokens: TokenVerifier,
        memberships: Memberships,
        sign_up: SignUp | None = None,
        *,
        run_tokens: RunTokenVerifier | None = None,
        trusted_proxies: Sequence[Network] = (),
    ) -> None:
        """Without `sign_up` a first request creates no user."""
        self._tokens = tokens
        self._memberships = memberships
        self._sign_up = sign_up
        self._run_tokens = run_tokens
        self._trusted_proxies = trusted_proxies

    async def identify(
        self, connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
    ) -> None:
        """Verify the token and store its caller in the request's state. Reads no database, so it runs before the rate limits.

        Raises unauthenticated, token_*, service_token_refused.
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
        """Read the caller's accounts, and store the selected one in the request's state.

        Raises signed_out, no_account, account_not_found, forbidden.
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
        # Created by this request, or by a concurrent first request.
        return await self._memberships.of_user(caller.user_id)


def is_open(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> bool:
    """Whether the request needs no token."""
    # Preflight requests have no credentials. The CORS layer answers those of allowed origins before the guard.
    if handler.opt.get(PUBLIC) or connection.scope.get("method") == "OPTIONS":
        return True
    return bool(handler.opt.get(BY_TICKET)) and "ticket" in connection.query_params


def bearer_token(authorization: str | None) -> str:
    """The token of an Authorization header; the scheme is case-insensitive (RFC 9110). Raises `unauthenticated`."""
    scheme, _, token = (authorization or "").strip().partition(" ")
    if scheme.lower() != _SCHEME or not token.strip():
        raise OsliraError("unauthenticated", "Send a token: Authorization: Bearer …")
    return token.strip()


def caller_of(request: Request[Any, Any, Any]) -> Caller:
    """The caller that the guard verified."""
    caller: Caller = request.state.caller
    return caller


def member_of(request: Request[Any, Any, Any]) -> Member:
    """The caller in the selected account."""
    member: Member = request.state.member
    return member


def granted_run_of(request: Request[Any, Any, Any]) -> UUID | None:
    """The run of an anonymous caller's token; None for a member."""
    run_id: UUID | None = getattr(request.state, "granted_run_id", None)
    return run_id


def path_id(value: str, code: str) -> UUID:
    """An id from a path. Raises `code` (a not_found one) if it is not a UUID."""
    try:
        return UUID(value)
    except ValueError as error:
        raise OsliraError(code, "There is no such thing in this account.") from error
