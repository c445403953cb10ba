"""Rate limits at the edge: which class a request is of, who is counted, and what the answer says about it."""

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network
from typing import Any, Final

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from oslira_shared.errors import OsliraError

from oslira_gateway.http.auth import PUBLIC
from oslira_gateway.http.client_address import client_address, counted_network
from oslira_gateway.http.timeouts import STREAMS
from oslira_gateway.identity.caller import Caller, Member
from oslira_gateway.limits.limit_requests import LimitRequests, Standing
from oslira_gateway.limits.policies import RouteClass, Scope

LIMIT: Final = "limit"  # opt: the RouteClass, where it doesn't follow from the method
_STATE: Final = "rate_limit"
_READS: Final = frozenset({"GET", "HEAD"})


class RateLimit:
    """Counts each request once: a caller's own as what it is, one that was refused at the door against its address."""

    def __init__(
        self, limit_requests: LimitRequests, trusted_proxies: Sequence[IPv4Network | IPv6Network]
    ) -> None:
        self._limit_requests = limit_requests
        self._trusted_proxies = trusted_proxies

    async def count(self, connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        """Of somebody who was let in, or of a route that is open. Raises rate_limited, unavailable."""
        await self._count(connection, class_of(handler, str(connection.scope.get("method"))))

    async def count_refused(
        self, connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
    ) -> None:
        """Of somebody who was not let in; guessing tokens is what this bounds. Raises rate_limited."""
        if "caller" in connection.scope["state"]:  # known, but not to this account, or not for this
            await self.count(connection, handler)
        else:
            await self._count(connection, RouteClass.SIGN_IN)

    async def _count(self, connection: ASGIConnection[Any, Any, Any, Any], kind: RouteClass) -> None:
        standing = await self._limit_requests(kind, self._who(connection))
        connection.scope["state"][_STATE] = standing
        if standing is not None and standing.is_refused:
            raise _limited(standing)

    def _who(self, connection: ASGIConnection[Any, Any, Any, Any]) -> Mapping[Scope, str]:
        address = client_address(connection.scope, self._trusted_proxies)
        who = {Scope.ADDRESS: str(counted_network(address))}
        state = connection.scope["state"]
        caller, member = state.get("caller"), state.get("member")
        if isinstance(caller, Caller):
            who[Scope.USER] = str(caller.user_id)
        if isinstance(member, Member):
            who[Scope.ACCOUNT] = str(member.account_id)
        return who


def class_of(handler: BaseRouteHandler, method: str) -> RouteClass:
    """What the route says, else by whether it is open, streams, reads or writes."""
    if (stated := handler.opt.get(LIMIT)) is not None:
        return RouteClass(stated)
    if handler.opt.get(STREAMS):
        return RouteClass.STREAM
    if handler.opt.get(PUBLIC):
        return RouteClass.PUBLIC
    return RouteClass.READ if method in _READS else RouteClass.WRITE


def limit_headers(state: Mapping[str, Any]) -> list[tuple[bytes, bytes]]:
    """`RateLimit-*` of the answer to a request that was counted; of the budget with the least left."""
    standing = state.get(_STATE)
    if not isinstance(standing, Standing):
        return []
    budget = standing.budget
    policy = f'"{standing.kind}-{standing.scope}";q={budget.requests};w={budget.window_s}'
    return [
        (b"ratelimit-limit", str(budget.requests).encode()),
        (b"ratelimit-remaining", str(standing.remaining).encode()),
        (b"ratelimit-reset", str(standing.reset_s).encode()),
        (b"ratelimit-policy", policy.encode()),
    ]


def _limited(standing: Standing) -> OsliraError:
    return OsliraError(
        "rate_limited",
        f"At most {standing.budget.requests} such requests in {standing.budget.window_s} seconds; "
        f"try again in {standing.reset_s}.",
        limit_class=standing.kind,
        scope=standing.scope,
        limit=standing.budget.requests,
        window_s=standing.budget.window_s,
        retry_after_s=standing.reset_s,
    )
