"""Metrics of the API. Those of outgoing webhooks, another process, are in webhooks/metrics.py."""

from typing import Final

from oslira_shared.errors import CODES
from oslira_shared.observability.metrics import BUCKETS_S
from prometheus_client import Counter, Gauge, Histogram

HTTP_SECONDS: Final = Histogram(
    "oslira_http_seconds", "Request durations", ["route", "method", "status"], buckets=BUCKETS_S
)
REFUSALS: Final = Counter(
    "oslira_http_refusals_total", "Problems answered, by code: limits, credits, mistakes, outages", ["code"]
)
STREAMS: Final = Gauge("oslira_event_streams", "Event streams that are open in this process")

# Created at the start: a counter that appears with its first event has no increase, and an alert would miss that event.
for _code in CODES:
    REFUSALS.labels(_code)
