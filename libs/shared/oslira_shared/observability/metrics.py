"""Metrics that every service has. Labels are bounded sets: never an id, a name or an address."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0)

MESSAGES: Final = Counter(
    "oslira_messages_total", "Messages by consumer and verdict", ["consumer", "verdict"]
)
BUS_CONNECTED: Final = Gauge("oslira_bus_connected", "1 while the bus is connected")
LOOP_FAILURES: Final = Counter("oslira_loop_failures_total", "Background steps that raised", ["loop"])
WORK_HELD: Final = Gauge("oslira_work_held", "Rows this process works on", ["table"])
HTTP_SECONDS: Final = Histogram(
    "oslira_http_seconds", "Request durations", ["route", "method", "status"], buckets=_BUCKETS
)
RUNS_ENDED: Final = Counter("oslira_runs_ended_total", "Runs by type and outcome", ["type", "outcome"])
WEBHOOKS: Final = Counter("oslira_webhooks_total", "Stripe webhooks by answer", ["answer"])
JOBS: Final = Counter("oslira_jobs_total", "Attempts at a job's slot by outcome", ["job", "outcome"])
BOOK_DIFFERENCES: Final = Gauge(
    "oslira_book_differences", "Grants that aren't what was paid for, when last reconciled"
)
