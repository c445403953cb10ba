"""Count a request against each of its budgets."""

import hmac
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from oslira_shared.errors import OsliraError

from oslira_gateway.limits.policies import PASS_UNCOUNTED, Budget, Policies, RouteClass, Scope
from oslira_gateway.limits.ports import Counters, CountersUnavailable

# The most refusals that are remembered; more of them are counted on the bus again.
_MOST_REMEMBERED: Final = 20_000


@dataclass(frozen=True, slots=True)
class LimitState:
    """The caller's budget with the least left: `remaining` requests until `reset_s` seconds from now."""

    kind: RouteClass
    scope: Scope
    budget: Budget
    remaining: int
    reset_s: int
    is_refused: bool


@dataclass(frozen=True, slots=True)
class _Window:
    """The current window of one caller's budget. `key` is a keyed hash."""

    scope: Scope
    budget: Budget
    key: str
    ends_at_s: float


class LimitRequests:
    """Fixed windows. Each caller's are shifted by a different amount, so that they do not all begin at once.

    A refusal is remembered until its window ends: further requests are not counted on the bus or against the account.
    `secret` keys the HMAC of accounts, users and addresses; `clock` is seconds since the epoch.
    """

    def __init__(
        self, counters: Counters, policies: Policies, *, secret: str, clock: Callable[[], float]
    ) -> None:
        self._counters = counters
        self._policies = policies
        self._key = hmac.digest(secret.encode(), b"oslira rate limits v1", "sha256")
        self._clock = clock
        self._used_up: dict[str, float] = {}

    async def __call__(self, kind: RouteClass, who: Mapping[Scope, str]) -> LimitState | None:
        """The limit state with this request counted; None if counting failed and the caller is admitted.

        Raises OsliraError `unavailable` if counting fails for a caller who is known by address only.
        """
        now_s = self._clock()
        windows = [
            self._window(kind, scope, budget, who[scope], now_s)
            for scope, budget in self._policies[kind].items()
            if scope in who
        ]
        if refused := next((w for w in windows if self._used_up.get(w.key, 0.0) > now_s), None):
            return _standing(kind, refused, refused.budget.requests + 1, now_s)
        try:
            totals = await self._counters.add([window.key for window in windows])
        except CountersUnavailable as error:
            if kind in PASS_UNCOUNTED or who.keys() - {Scope.ADDRESS}:
                return None
            raise OsliraError(
                "unavailable", "Requests without an account are not accepted at the moment."
            ) from error
        limit_states = [
            _standing(kind, window, total, now_s) for window, total in zip(windows, totals, strict=True)
        ]
        for window, limit_state in zip(windows, limit_states, strict=True):
            if limit_state.is_refused:
                self._remember(window, now_s)
        return min(limit_states, key=lambda limit_state: (not limit_state.is_refused, limit_state.remaining))

    def _window(self, kind: RouteClass, scope: Scope, budget: Budget, name: str, now_s: float) -> _Window:
        digest = hmac.digest(self._key, f"{scope}:{name}".encode(), "sha256").hex()[:32]
        shift_s = int(digest[:8], 16) % budget.window_s
        number = int(now_s + shift_s) // budget.window_s
        ends_at_s = (number + 1) * budget.window_s - shift_s
        return _Window(scope, budget, f"{kind}.{scope}.{digest}.{number}", ends_at_s)

    def _remember(self, window: _Window, now_s: float) -> None:
        if len(self._used_up) >= _MOST_REMEMBERED:
            self._used_up = {key: end for key, end in self._used_up.items() if end > now_s}
        if len(self._used_up) < _MOST_REMEMBERED:
            self._used_up[window.key] = window.ends_at_s


def _standing(kind: RouteClass, window: _Window, total: int, now_s: float) -> LimitState:
    return LimitState(
        kind,
        window.scope,
        window.budget,
        remaining=max(0, window.budget.requests - total),
        reset_s=max(1, math.ceil(window.ends_at_s - now_s)),
        is_refused=total > window.budget.requests,
    )
