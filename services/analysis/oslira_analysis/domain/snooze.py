"""How long work that waits for a supplier is put off."""

from collections.abc import Callable
from typing import Final

# Between 0 and 1, evenly.
Chance = Callable[[], float]

SHORTEST_S: Final = 2.0
LONGEST_S: Final = 60.0
# A supplier that asks for more than this is asked again after this.
LONGEST_RETRY_AFTER_S: Final = 600.0
_JITTER: Final = 0.25


def snooze_s(snoozed_for_s: float, *, retry_after_s: float | None, chance: Chance) -> float:
    """As long again as it has been put off already, so that waits double; a Retry-After makes it longer, never shorter.

    Up to a quarter longer by chance, so that what failed together doesn't come back together.
    """
    delay_s = min(max(snoozed_for_s, SHORTEST_S), LONGEST_S)
    asked_s = min(retry_after_s or 0.0, LONGEST_RETRY_AFTER_S)
    return max(delay_s, asked_s) * (1 + _JITTER * chance())


# Requests that may cost although no answer came, of one call to one provider: so many are made as they come.
MOST_UNANSWERED: Final = 5
# 2^30 s is beyond any patience.
_MOST_DOUBLINGS: Final = 30


def unanswered_wait_s(requests: int, snoozed_for_s: float) -> float:
    """How long until the next request that may cost for nothing, after so many of them; 0: now.

    Each waits until the run has been put off for twice as long as for the one before. So the patience of a run bounds them, and a
    supplier that drops connections for a while does not fail runs: 11 requests in 30 minutes, 15 in 6 hours.
    """
    if requests < MOST_UNANSWERED:
        return 0.0
    return max(0.0, 2.0 ** min(requests, _MOST_DOUBLINGS) - snoozed_for_s)
