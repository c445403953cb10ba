"""Figures of the ledger."""

from typing import Final

from prometheus_client import Counter, Gauge

HOLDS: Final = Counter(
    "oslira_holds_total", "Holds asked for: held, repeated, or why they were refused", ["outcome"]
)
CREDITS_MOVED: Final = Counter("oslira_credits_moved_total", "Credits held, captured, released", ["kind"])
HOLDS_OPEN: Final = Gauge("oslira_holds_open", "Holds that are not settled")
HOLDS_OLDEST_SECONDS: Final = Gauge("oslira_holds_oldest_seconds", "Age of the oldest open hold")
UNPAID: Final = Counter("oslira_unpaid_credits_total", "Credits that outcomes asked for above their hold")
