"""When to retry, and when to stop: https://www.standardwebhooks.com recommends growing delays over some days."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

_MINUTE_S: Final = 60.0
_HOUR_S: Final = 3600.0
# After the first failure, after the second …; about three days in total.
DELAYS_S: Final = (
    5.0,
    5 * _MINUTE_S,
    30 * _MINUTE_S,
    2 * _HOUR_S,
    5 * _HOUR_S,
    10 * _HOUR_S,
    14 * _HOUR_S,
    20 * _HOUR_S,
    24 * _HOUR_S,
)
MAX_TRIES: Final = len(DELAYS_S) + 1
# After that the events of a paused endpoint are too old to send.
LONGEST_WAIT_S: Final = 72 * _HOUR_S
# The longest Retry-After that is followed.
LONGEST_RETRY_AFTER_S: Final = 24 * _HOUR_S
_JITTER: Final = 0.2
# Between 0 and 1, uniformly.
Chance = Callable[[], float]


def next_try_s(failures: int, *, retry_after_s: float | None, chance: Chance) -> float | None:
    """How long to wait after so many failures; None: that was the last attempt.

    Up to a fifth longer at random, so that deliveries that failed together do not retry together. A receiver's Retry-After makes
    it longer, never shorter.
    """
    if failures > len(DELAYS_S):
        return None
    delay_s = DELAYS_S[max(failures, 1) - 1] * (1 + _JITTER * chance())
    return max(delay_s, min(retry_after_s or 0.0, LONGEST_RETRY_AFTER_S))


@dataclass(frozen=True, slots=True)
class PauseRule:
    """An endpoint is paused once this many deliveries have failed in a row, over at least this long."""

    failures: int = 8
    seconds: float = 24 * _HOUR_S

    def is_over(self, *, failures: int, failing_for_s: float) -> bool:
        """`failures`: failed attempts since the last success; `failing_for_s`: time since the first of them."""
        return failures >= self.failures and failing_for_s >= self.seconds
