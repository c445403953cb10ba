"""The one table of rate limits: requests per window for an account, a user and an address, by class of route.

A route's class follows the cost of its requests. An account's budget is above a user's, so that one busy member does not use all of
it. An address's is above both, because offices share one.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class RouteClass(StrEnum):
    """The class of a route."""

    READ = "read"
    POLL = "poll"  # reads that a program repeats while work is running
    WRITE = "write"
    COSTLY = "costly"  # starts work that costs money
    EXPORT = "export"
    STREAM = "stream"  # opens an event stream; the ticket in its address says for whom
    PUBLIC = "public"  # needs no token
    SIGN_IN = "sign_in"  # a token or ticket that was rejected
    ANONYMOUS = "anonymous"  # an analysis without an account


class Scope(StrEnum):
    """What is counted."""

    ACCOUNT = "account"
    USER = "user"
    ADDRESS = "address"


@dataclass(frozen=True, slots=True)
class Budget:
    """The most requests in each window."""

    requests: int
    window_s: int = 60


Policies = Mapping[RouteClass, Mapping[Scope, Budget]]


def _three(*, account: int, user: int, address: int) -> Mapping[Scope, Budget]:
    return {Scope.ACCOUNT: Budget(account), Scope.USER: Budget(user), Scope.ADDRESS: Budget(address)}


DEFAULT_POLICIES: Final[Policies] = MappingProxyType(
    {
        RouteClass.READ: _three(account=1_200, user=600, address=2_400),
        RouteClass.POLL: _three(account=6_000, user=3_000, address=9_000),
        RouteClass.WRITE: _three(account=300, user=150, address=600),
        RouteClass.COSTLY: _three(account=120, user=60, address=240),
        RouteClass.EXPORT: _three(account=10, user=5, address=20),
        RouteClass.STREAM: _three(account=600, user=300, address=600),
        RouteClass.PUBLIC: {Scope.ADDRESS: Budget(120)},
        RouteClass.SIGN_IN: {Scope.ADDRESS: Budget(60)},
        RouteClass.ANONYMOUS: {Scope.ADDRESS: Budget(5, window_s=3_600)},
    }
)
# Admitted if counting fails, although only the address is known: a stream's ticket was signed for a member, and a rejected token
# stays rejected.
PASS_UNCOUNTED: Final = frozenset({RouteClass.STREAM, RouteClass.SIGN_IN})
# Counters outlive their window by the life of the stream's messages at most.
LONGEST_WINDOW_S: Final = 3_600
_OVERRIDE: Final = re.compile(
    r"(?P<kind>[a-z_]+|\*)\.(?P<scope>[a-z]+|\*)=(?P<requests>[0-9]{1,9})/(?P<window_s>[0-9]{1,4})"
)


def with_overrides(policies: Policies, text: str) -> Policies:
    """`policies` as OSLIRA_RATE_LIMITS changes them: `costly.account=600/60, *.address=10000/60`; later ones win.

    Raises ValueError for what names no class or scope of the table, or a window that is none.
    """
    changed = {kind: dict(budgets) for kind, budgets in policies.items()}
    items = [part.strip() for part in text.split(",") if part.strip()]
    # Errors name the change's number, not its text, because settings may contain secrets.
    for number, item in enumerate(items, start=1):
        match = _OVERRIDE.fullmatch(item)
        if match is None:
            raise ValueError(f"change {number} is not of the form class.scope=requests/seconds")
        budget = Budget(int(match["requests"]), int(match["window_s"]))
        if not 1 <= budget.window_s <= LONGEST_WINDOW_S:
            raise ValueError(f"change {number}: a window has 1 to {LONGEST_WINDOW_S} seconds")
        places = [
            (kind, scope)
            for kind, budgets in changed.items()
            for scope in budgets
            if match["kind"] in {kind, "*"} and match["scope"] in {scope, "*"}
        ]
        if not places:
            raise ValueError(f"change {number} names no rate limit of the table")
        for kind, scope in places:
            changed[kind][scope] = budget
    return MappingProxyType(changed)
