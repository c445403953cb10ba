"""Metrics of the ledger."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

HOLDS: Final = Counter(
    "oslira_holds_total", "Requested holds: held, repeated, or the reason of the rejection", ["outcome"]
)
CREDITS_MOVED: Final = Counter("oslira_credits_moved_total", "Credits held, captured, released", ["kind"])
HOLDS_OPEN: Final = Gauge("oslira_holds_open", "Holds that are not settled")
HOLDS_OLDEST_SECONDS: Final = Gauge("oslira_holds_oldest_seconds", "Age of the oldest open hold")
UNPAID: Final = Counter("oslira_unpaid_credits_total", "Credits of outcomes above their hold")
AUDIT_DIFFERENCES: Final = Gauge(
    "oslira_audit_differences",
    "What does not add up between holds, runs, grants and payments, as last audited",
)
AUDIT_SECONDS: Final = Histogram(
    "oslira_audit_seconds", "How long one audit takes", buckets=(0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60)
)
