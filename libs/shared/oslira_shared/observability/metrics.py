"""Metrics that every service has, and the allowed labels. A service declares its own in its `metrics.py`.

Every label has a bounded set of values, never an id, a name or an address: LABELS lists them, and tests check all services. None is
`job` or `instance`: those are Prometheus's own. The table in docs/architecture/observability.md is generated from these declarations.
"""

from collections.abc import Mapping
from typing import Final

from prometheus_client import Counter, Gauge, Histogram

# The values of each label, for readers and for the test that scrapes a busy stack.
LABELS: Final[Mapping[str, str]] = {
    "answer": "stored, duplicate, or a code of the error table",
    "call": "a kind of call to another system: a fixed word",
    "code": "a code of the error table",
    "consumer": "a consumer of the topology",
    "job_name": "a job of the scheduler's table",
    "kind": "what is counted: a kind of token, of slot",
    "loop": "a background loop's name in code",
    "method": "an HTTP method, or OTHER",
    "model": "a model of the table of calls",
    "outcome": "how it ended: a fixed word, or a code of the error table",
    "provider": "openai, anthropic or apify",
    "reason": "a fixed word",
    "route": "a route's template, or unmatched",
    "state": "a state of the rows or connections that are counted",
    "status": "an HTTP status",
    "step": "admit, scrape, abort or score",
    "stream": "a stream of the topology",
    "subject": "an RPC of the topology",
    "table": "a table of work rows",
    "type": "light, deep, xray or business_profile",
    "disposition": "acked, requeued or dead",
}

# From an answer of a cache to the longest time limit.
BUCKETS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0)
_AGE_BUCKETS_S: Final = (0.005, 0.025, 0.1, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 1800.0)

# The bus: messages, requests and answers.
MESSAGES: Final = Counter(
    "oslira_messages_total", "Messages by consumer and disposition", ["consumer", "disposition"]
)
MESSAGE_SECONDS: Final = Histogram(
    "oslira_message_seconds",
    "How long messages took until their disposition",
    ["consumer"],
    buckets=BUCKETS_S,
)
MESSAGE_AGE_SECONDS: Final = Histogram(
    "oslira_message_age_seconds", "How old messages were when they came", ["consumer"], buckets=_AGE_BUCKETS_S
)
REQUEST_SECONDS: Final = Histogram(
    "oslira_rpc_request_seconds",
    "Requests to other services until their answer, by how they ended for the caller",
    ["subject", "outcome"],
    buckets=BUCKETS_S,
)
ANSWER_SECONDS: Final = Histogram(
    "oslira_rpc_answer_seconds",
    "Requests from other services, by what they were answered",
    ["subject", "outcome"],
    buckets=BUCKETS_S,
)
BUS_CONNECTED: Final = Gauge("oslira_bus_connected", "1 while the bus is connected")
NOT_STORED: Final = Counter(
    "oslira_bus_not_stored_total",
    "Messages that a stream did not confirm: it may be unable to store",
    ["stream"],
)

# Streams and consumers of all services, also of those that are down, as the keeper of the topology sees them.
STREAM_MESSAGES: Final = Gauge("oslira_stream_messages", "Messages in a stream", ["stream"])
STREAM_BYTES: Final = Gauge("oslira_stream_bytes", "Size of a stream", ["stream"])
CONSUMER_PENDING: Final = Gauge(
    "oslira_consumer_pending_messages", "Messages that a consumer has yet to hand out: its lag", ["consumer"]
)
CONSUMER_UNACKED: Final = Gauge(
    "oslira_consumer_unacked_messages", "Messages handed out and not acked yet", ["consumer"]
)

# The process.
LOOP_FAILURES: Final = Counter("oslira_loop_failures_total", "Background steps that raised", ["loop"])
EVENT_LOOP_LAG_SECONDS: Final = Histogram(
    "oslira_event_loop_lag_seconds",
    "Event loop lag",
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0),
)
POOL_CONNECTIONS: Final = Gauge(
    "oslira_database_pool_connections", "Connections to Postgres: busy, idle, and the limit", ["state"]
)
DEADLINES_EXCEEDED: Final = Counter(
    "oslira_deadlines_exceeded_total",
    "Calls to other systems that exceeded their total time limit",
    ["call"],
)
WORK_HELD: Final = Gauge("oslira_work_held", "Rows this process works on", ["table"])

# Jobs, by their owner.
JOBS: Final = Counter("oslira_jobs_total", "Attempts at a job's slot by outcome", ["job_name", "outcome"])
JOB_LAST_DONE: Final = Gauge(
    "oslira_job_last_done_timestamp_seconds", "The newest slot that is done, as a Unix time", ["job_name"]
)
JOB_AWAITED_SINCE: Final = Gauge(
    "oslira_job_awaited_since_timestamp_seconds",
    "Since when a job that was never done has been awaited, as a Unix time; absent once a slot is done",
    ["job_name"],
)
JOB_SLOTS_FAILED: Final = Gauge(
    "oslira_job_slots_failed", "Slots of the last 7 days that failed", ["job_name"]
)
POINTS: Final = Counter("oslira_points_total", "Data points by what became of them here", ["outcome"])
