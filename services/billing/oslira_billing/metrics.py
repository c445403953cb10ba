"""Metrics of billing: Stripe's webhooks, and the comparison of records with the ledger."""

from typing import Final

from oslira_shared.observability.metrics import BUCKETS_S
from prometheus_client import Counter, Gauge, Histogram

WEBHOOKS: Final = Counter("oslira_webhooks_total", "Stripe webhooks by answer", ["answer"])
WEBHOOK_SECONDS: Final = Histogram(
    "oslira_webhook_seconds", "How long Stripe waited for an answer", buckets=BUCKETS_S
)
EVENTS_OLDEST_SECONDS: Final = Gauge(
    "oslira_stripe_events_oldest_seconds", "Age of the oldest stored event that is not applied yet: the lag"
)
EVENTS_WAITING: Final = Gauge("oslira_stripe_events_waiting", "Stored events that are not applied yet")
EVENTS_DEAD: Final = Gauge("oslira_stripe_events_dead", "Dead events that wait for an operator")
BOOK_DIFFERENCES: Final = Gauge(
    "oslira_book_differences", "Grants that aren't what was paid for, as last reconciled and not mended since"
)
STRIPE_MISMATCHES: Final = Gauge(
    "oslira_stripe_mismatches",
    "Money at Stripe that is not what was granted, taken back or frozen for it, as last compared",
    ["kind"],
)
CLOSURES_OLDEST_SECONDS: Final = Gauge(
    "oslira_account_closures_oldest_seconds",
    "How long ago the oldest account was deleted that still has something open at Stripe",
)
DISPUTES: Final = Gauge(
    "oslira_disputes", "Disputes that are open, and those that were lost in 7 days", ["state"]
)

# Present from the start: a series that appears with its first event has not increased, and an alert would miss that event.
for _answer in ("stored", "duplicate", "unavailable", "internal"):
    WEBHOOKS.labels(_answer)
