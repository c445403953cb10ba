"""When to stop asking a provider that fails, and when to try it again. Times are seconds of any clock that only moves on."""

from dataclasses import dataclass, field
from typing import Literal

BreakerState = Literal["closed", "open", "half_open"]


@dataclass(frozen=True, slots=True)
class BreakerLimits:
    """`failures` with no success between and within `window_s` open it for `open_s`, doubled after each failed probe.

    It is never open for longer than `most_open_s`. A probe that says nothing for `probe_s` counts as lost, and another may go.
    """

    failures: int = 5
    window_s: float = 30.0
    open_s: float = 15.0
    most_open_s: float = 120.0
    probe_s: float = 90.0


@dataclass(slots=True)
class Breaker:
    """One provider's. Closed: all pass. Open: none. Half-open: one probe at a time; it closes the breaker or opens it again.

    Every request that `allows` let pass ends in one of `succeeded`, `failed` and `abandoned`. What ends while it is open was
    asked before and changes nothing; what ends while a probe is under way counts like the probe, since it is news as fresh.
    Only what speaks for an outage is a failure: timeouts, dropped connections, 429 and 5xx. A bad answer is a success here.
    """

    limits: BreakerLimits = field(default_factory=BreakerLimits)
    _failed_at: list[float] = field(default_factory=list[float], init=False)
    _open_until_s: float | None = field(default=None, init=False)
    _open_for_s: float = field(default=0.0, init=False)
    _probe_since_s: float | None = field(default=None, init=False)

    def state(self, now_s: float) -> BreakerState:
        if self._open_until_s is None:
            return "closed"
        return "open" if now_s < self._open_until_s else "half_open"

    def allows(self, now_s: float) -> bool:
        """Whether a request may go now; in half-open whoever hears True is the probe."""
        if self._open_until_s is None:
            return True
        if now_s < self._open_until_s or self._is_probing(now_s):
            return False
        self._probe_since_s = now_s
        return True

    def succeeded(self, now_s: float) -> None:
        """The provider answered: a probe closes the breaker, and failures so far are forgotten."""
        if self.state(now_s) != "open":
            self._open_until_s, self._probe_since_s = None, None
            self._failed_at.clear()

    def failed(self, now_s: float) -> None:
        if self._open_until_s is None:
            self._failed_at = [at for at in self._failed_at if now_s - at < self.limits.window_s] + [now_s]
            if len(self._failed_at) >= self.limits.failures:
                self._open(now_s, self.limits.open_s)
        elif self._probe_since_s is not None:
            self._open(now_s, min(2 * self._open_for_s, self.limits.most_open_s))

    def abandoned(self, now_s: float) -> None:
        """The request ended without saying anything of the provider, as when it is cancelled: another probe may go."""
        if self.state(now_s) == "half_open":
            self._probe_since_s = None

    def _open(self, now_s: float, open_s: float) -> None:
        self._open_until_s, self._open_for_s, self._probe_since_s = now_s + open_s, open_s, None
        self._failed_at.clear()

    def _is_probing(self, now_s: float) -> bool:
        return self._probe_since_s is not None and now_s - self._probe_since_s < self.limits.probe_s
