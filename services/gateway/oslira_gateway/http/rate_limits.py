"""Rate limits at the edge: the class of a request, which budgets it is counted against, and the response's headers."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network
from typing import Any, Final
from uuid import UUID

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from oslira_shared.errors import OsliraError

from oslira_gateway.http.auth import ANY_USER, PUBLIC
from oslira_gateway.http.client_address import client_address, counted_network
from oslira_gateway.http.timeouts import STREAMS
from oslira_gateway.identity.caller import Caller, Member
from oslira_gateway.limits.limit_requests import LimitRequests, LimitState
from oslira_gateway.limits.policies import RouteClass, Scope

LIMIT: Final = "limit"  # opt: the RouteClass, if it does not follow from the method
_STATE: Final = "rate_limit"
_COUNTED: Final = "counted_account"
# The most remembered accounts of callers per process; an id has 36 characters.
_MOST_REMEMBERED: Final = 20_000
_MAX_ID_CHARS: Final = 40
_Choice = tuple[UUID, str]
_READS: Final = frozenset({"GET", "HEAD"})


class RateLimit:
    """Counts each request once against each of its budgets, before the database is read.

    The account of a request is known only after a database read. So the account of the user's last request is remembered and counted
    at once; if the request is for another account, that one is counted as well.
    """

    def __init__(
        self, limit_requests: LimitRequests, trusted_proxies: Sequence[IPv4Network | IPv6Network]
    ) -> None:
        self._limit_requests = limit_requests
        self._trusted_proxies = trusted_proxies
        self._accounts: OrderedDict[_Choice, str] = OrderedDict()

    async def count(self, connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        """A request with a valid token, or to an open route. Raises rate_limited, unavailable."""
        if _is_preflight(connection):
            return
        caller, who = _caller(connection), self._address(connection)
        if caller is not None:
            who[Scope.USER] = str(caller.user_id)
            account = None if handler.opt.get(ANY_USER) else self._accounts.get(_choice(connection, caller))
            if account is not None:
                who[Scope.ACCOUNT] = connection.scope["state"][_COUNTED] = account
        await self._count(connection, _class(connection, handler), who)

    async def count_account(
        self, connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
    ) -> None:
        """The selected account, unless `count` has counted it already. Raises rate_limited."""
        caller, member = _caller(connection), connection.scope["state"].get("member")
        if caller is None or not isinstance(member, Member) or _is_preflight(connection):
            return
        choice, account = _choice(connection, caller), str(member.account_id)
        self._accounts[choice] = account
        self._accounts.move_to_end(choice)
        if len(self._accounts) > _MOST_REMEMBERED:
            self._accounts.popitem(last=False)
        if connection.scope["state"].get(_COUNTED) != account:
            await self._count(connection, _class(connection, handler), {Scope.ACCOUNT: account})

    async def count_refused(self, connection: ASGIConnection[Any, Any, Any, Any]) -> None:
        """A request with an invalid token; this limits the guessing of tokens. Raises rate_limited."""
        await self._count(connection, RouteClass.SIGN_IN, self._address(connection))

    def forget(self, connection: ASGIConnection[Any, Any, Any, Any]) -> None:
        """The caller may not use the account that was counted: the next request isn't counted against it."""
        if (caller := _caller(connection)) is not None:
            self._accounts.pop(_choice(connection, caller), None)

    async def _count(
        self, connection: ASGIConnection[Any, Any, Any, Any], kind: RouteClass, who: Mapping[Scope, str]
    ) -> None:
        limit_state = await self._limit_requests(kind, who)
        if limit_state is None:
            return
        state = connection.scope["state"]
        before = state.get(_STATE)
        if (
            limit_state.is_refused
            or not isinstance(before, LimitState)
            or limit_state.remaining < before.remaining
        ):
            state[_STATE] = limit_state
        if limit_state.is_refused:
            raise _limited(limit_state)

    def _address(self, connection: ASGIConnection[Any, Any, Any, Any]) -> dict[Scope, str]:
        address = client_address(connection.scope, self._trusted_proxies)
        return {Scope.ADDRESS: str(counted_network(address))}


def _is_preflight(connection: ASGIConnection[Any, Any, Any, Any]) -> bool:
    return connection.scope.get("method") == "OPTIONS"


def _caller(connection: ASGIConnection[Any, Any, Any, Any]) -> Caller | None:
    caller = connection.scope["state"].get("caller")
    return caller if isinstance(caller, Caller) else None


def _choice(connection: ASGIConnection[Any, Any, Any, Any], caller: Caller) -> _Choice:
    in_path = connection.path_params.get("account_id")
    wanted = in_path if isinstance(in_path, str) else connection.headers.get("x-account-id")
    return caller.user_id, (wanted or "")[:_MAX_ID_CHARS]


def _class(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> RouteClass:
    return class_of(handler, str(connection.scope.get("method")))


def class_of(handler: BaseRouteHandler, method: str) -> RouteClass:
    """The class in the route's `opt`, else by whether it is open, streams, reads or writes."""
    if (stated := handler.opt.get(LIMIT)) is not None:
        return RouteClass(stated)
    if handler.opt.get(STREAMS):
        return RouteClass.STREAM
    if handler.opt.get(PUBLIC):
        return RouteClass.PUBLIC
    return RouteClass.READ if method in _READS else RouteClass.WRITE


def limit_headers(state: Mapping[str, Any]) -> list[tuple[bytes, bytes]]:
    """`RateLimit-*` headers of a counted request, for the budget with the least left."""
    limit_state = state.get(_STATE)
    if not isinstance(limit_state, LimitState):
        return []
    budget = limit_state.budget
    policy = f'"{limit_state.kind}-{limit_state.scope}";q={budget.requests};w={budget.window_s}'
    return [
        (b"ratelimit-limit", str(budget.requests).encode()),
        (b"ratelimit-remaining", str(limit_state.remaining).encode()),
        (b"ratelimit-reset", str(limit_state.reset_s).encode()),
        (b"ratelimit-policy", policy.encode()),
    ]


def _limited(limit_state: LimitState) -> OsliraError:
    return OsliraError(
        "rate_limited",
        f"At most {limit_state.budget.requests} such requests in {limit_state.budget.window_s} seconds; "
        f"try again in {limit_state.reset_s}.",
        limit_class=limit_state.kind,
        scope=limit_state.scope,
        limit=limit_state.budget.requests,
        window_s=limit_state.budget.window_s,
        retry_after_s=limit_state.reset_s,
    )
