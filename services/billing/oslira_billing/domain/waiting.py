"""How long an event waits for the one that names its account."""

from datetime import timedelta
from typing import Final

# Stripe retries a delivery for three days; after that it will not arrive automatically.
LONGEST_WAIT: Final = timedelta(days=3)
_FIRST_S: Final = 2.0
LONGEST_STEP_S: Final = 900.0


def next_look_s(waited: timedelta) -> float | None:
    """Seconds until the next try, a fraction of the wait so far; None when it has waited long enough."""
    if waited >= LONGEST_WAIT:
        return None
    return min(LONGEST_STEP_S, max(_FIRST_S, waited.total_seconds() / 4))
