"""A circuit breaker for one supplier. Times are seconds of a monotonic clock."""

from dataclasses import dataclass, field
from typing import Literal

BreakerState = Literal["closed", "open", "half_open"]


@dataclass(frozen=True, slots=True)
class BreakerLimits:
    """`failures` within `window_s`, without a success between, open it. It is half-open after `open_s`, or after a probe succeeds.

    `limits` consecutive rejections for too many requests block requests for as long as the last of them said.
    """

    failures: int = 5
    window_s: float = 30.0
    open_s: float = 20.0
    limits: int = 3


@dataclass(frozen=True, slots=True)
class Hold:
    """Why requests are blocked, and for how much longer. `is_outage`: a probe can find out whether it is over."""

    reason: str
    is_outage: bool
    left_s: float


@dataclass(slots=True)
class Breaker:
    """One supplier's. Closed: requests pass. Open: none. Half-open: they pass, the first to end closes or opens it.

    Only what speaks for an outage opens it: timeouts, dropped connections, 5xx, and a key that is refused. A limit (429) is no
    outage: one request was too many. Several in a row mean that all would be, so they are held back for a while. What ends
    while it is open was asked before, and changes nothing.
    """

    limits: BreakerLimits = field(default_factory=BreakerLimits)
    _failed_at: list[float] = field(default_factory=list[float], init=False)
    _limited: int = field(default=0, init=False)
    _held_until_s: float | None = field(default=None, init=False)
    _reason: str = field(default="", init=False)
    _is_outage: bool = field(default=False, init=False)

    def state(self, now_s: float) -> BreakerState:
        if self._held_until_s is None or not self._is_outage:
            return "closed"
        return "open" if now_s < self._held_until_s else "half_open"

    def held(self, now_s: float) -> Hold | None:
        """None: requests pass."""
        if self._held_until_s is None or now_s >= self._held_until_s:
            return None
        return Hold(self._reason, self._is_outage, self._held_until_s - now_s)

    def allows(self, now_s: float) -> bool:
        return self.held(now_s) is None

    def succeeded(self, now_s: float) -> None:
        """The supplier answered. Resets the failure count."""
        if self.allows(now_s):
            self._reset()

    def failed(self, now_s: float, reason: str) -> None:
        """The supplier is unreachable or returns errors."""
        if self.state(now_s) == "half_open":
            self.hold(now_s, Hold(reason, is_outage=True, left_s=self.limits.open_s))
        elif self.allows(now_s):
            self._failed_at = [at for at in self._failed_at if now_s - at < self.limits.window_s] + [now_s]
            if len(self._failed_at) >= self.limits.failures:
                self.hold(now_s, Hold(reason, is_outage=True, left_s=self.limits.open_s))

    def limited(self, now_s: float, reason: str, *, for_s: float) -> None:
        """The supplier works, and rejects requests for `for_s`."""
        if self.allows(now_s):
            self._limited += 1
            if self._limited >= self.limits.limits:
                self.hold(now_s, Hold(reason, is_outage=False, left_s=for_s))

    def hold(self, now_s: float, hold: Hold) -> None:
        """Block requests for `left_s`. Detected here, or reported by another process."""
        self._reset()
        self._held_until_s = now_s + hold.left_s
        self._reason, self._is_outage = hold.reason, hold.is_outage

    def recovered(self, now_s: float) -> None:
        """A probe was answered: the next request decides. A rate limit ends only when its time is over."""
        if self.state(now_s) == "open":
            self._held_until_s = now_s

    def _reset(self) -> None:
        self._held_until_s, self._limited, self._is_outage = None, 0, False
        self._failed_at.clear()
