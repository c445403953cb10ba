"""How long work that waits for a supplier is postponed."""

from collections.abc import Callable
from typing import Final

# Between 0 and 1, evenly.
Chance = Callable[[], float]

SHORTEST_S: Final = 2.0
LONGEST_S: Final = 60.0
# The upper bound on a supplier's Retry-After.
LONGEST_RETRY_AFTER_S: Final = 600.0
_JITTER: Final = 0.25


def snooze_s(snoozed_for_s: float, *, retry_after_s: float | None, chance: Chance) -> float:
    """As long as it has been postponed already, so that waits double. A Retry-After makes it longer, never shorter.

    Up to a quarter longer by chance, so that what failed together doesn't come back together.
    """
    delay_s = min(max(snoozed_for_s, SHORTEST_S), LONGEST_S)
    asked_s = min(retry_after_s or 0.0, LONGEST_RETRY_AFTER_S)
    return max(delay_s, asked_s) * (1 + _JITTER * chance())


# Requests without an answer may still be billed. Per call and provider, this many are sent without a delay.
MOST_UNANSWERED: Final = 5
# 2^30 s is longer than any wait limit.
_MOST_DOUBLINGS: Final = 30


def unanswered_wait_s(requests: int, snoozed_for_s: float) -> float:
    """The delay before the next request, after this many requests without an answer; 0: now.

    Each waits until the run has been snoozed for twice as long as for the one before. So the run's wait limit bounds them, and
    a supplier that drops connections for a while does not fail runs: 11 requests in 30 minutes, 15 in 6 hours.
    """
    if requests < MOST_UNANSWERED:
        return 0.0
    return max(0.0, 2.0 ** min(requests, _MOST_DOUBLINGS) - snoozed_for_s)
