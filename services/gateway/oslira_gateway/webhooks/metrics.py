"""Metrics of outgoing webhooks."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

SENT: Final = Counter("oslira_outgoing_webhooks_total", "Tries of outgoing webhooks by outcome", ["outcome"])
SECONDS: Final = Histogram(
    "oslira_outgoing_webhook_seconds",
    "How long receivers took",
    buckets=(0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
LAG: Final = Gauge("oslira_outgoing_webhook_lag_seconds", "How long the oldest due delivery has been waiting")
PAUSED: Final = Counter(
    "oslira_outgoing_webhook_endpoints_stopped_total", "Endpoints that were stopped", ["reason"]
)
