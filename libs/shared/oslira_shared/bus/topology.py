"""The table of streams, consumers and buckets. Provisioning, guards, permissions and documentation derive from it.

EVENTS names its owners one by one: `*.evt.>` would collide with `dead.>` (both match `dead.evt.x`), and the server rejects that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from nats.js import api

from oslira_shared.contracts import failed
from oslira_shared.contracts.analysis import v1 as analysis
from oslira_shared.contracts.billing import v1 as billing
from oslira_shared.contracts.credits import v1 as credits_
from oslira_shared.contracts.jobs import JOBS, jobs_of
from oslira_shared.contracts.points import SENDERS, points_subject
from oslira_shared.contracts.scheduler import v1 as scheduler

_HOUR_S: Final = 3600.0
_DAY_S: Final = 24 * _HOUR_S
_MIB: Final = 1024 * 1024

# Within this time the server drops a repeated message id; the sweep therefore uses new ones.
DUPLICATE_WINDOW_S: Final = 120.0
PROGRESS_BUCKET: Final = "PROGRESS"
LIMITS_BUCKET: Final = "LIMITS"
TICKS_PER_JOB: Final = 48
OWNERS: Final = ("gateway", "credits", "analysis", "billing", "scheduler")


def _stream(
    name: str,
    subjects: Sequence[str],
    *,
    max_age_s: float,
    retention: api.RetentionPolicy = api.RetentionPolicy.LIMITS,
    discard: api.DiscardPolicy = api.DiscardPolicy.OLD,
) -> api.StreamConfig:
    return api.StreamConfig(
        name=name,
        subjects=list(subjects),
        retention=retention,
        discard=discard,
        max_age=max_age_s,
        max_msgs=500_000,
        max_bytes=256 * _MIB,
        max_msg_size=_MIB,
        duplicate_window=DUPLICATE_WINDOW_S,
        storage=api.StorageType.FILE,
        allow_direct=True,
    )


def _work_queue(name: str, subjects: Sequence[str]) -> api.StreamConfig:
    # A hint that was not consumed for an hour has long been followed by others: the rows are the truth.
    return _stream(
        name,
        subjects,
        max_age_s=_HOUR_S,
        retention=api.RetentionPolicy.WORK_QUEUE,
        discard=api.DiscardPolicy.NEW,
    )


def _bucket(name: str, *, max_age_s: float, republish: api.RePublish | None = None) -> api.StreamConfig:
    return api.StreamConfig(
        name=f"KV_{name}",
        subjects=[f"$KV.{name}.>"],
        max_age=max_age_s,
        max_msgs_per_subject=1,
        max_bytes=256 * _MIB,
        discard=api.DiscardPolicy.NEW,
        # The server rejects a window longer than the age; buckets don't dedupe anyway.
        duplicate_window=DUPLICATE_WINDOW_S,
        deny_delete=True,
        allow_rollup_hdrs=True,
        allow_direct=True,
        allow_msg_ttl=True,
        storage=api.StorageType.FILE,
        republish=republish,
    )


def _counters(name: str, *, max_age_s: float) -> api.StreamConfig:
    """A bucket whose values are totals: a message adds its `Nats-Incr`, and its PubAck returns the new total.

    The server allows no expiry per message here; when the bucket is full, the oldest values are dropped.
    """
    return replace(
        _bucket(name, max_age_s=max_age_s),
        allow_msg_counter=True,
        allow_msg_ttl=None,
        discard=api.DiscardPolicy.OLD,
    )


STREAMS: Final = (
    _work_queue("ANALYSIS", ["analysis.cmd.>"]),
    _work_queue("STRIPE", ["billing.cmd.>"]),
    # Each data point carries its own time to live.
    replace(
        _stream("EVENTS", [f"{owner}.evt.>" for owner in OWNERS], max_age_s=7 * _DAY_S), allow_msg_ttl=True
    ),
    # Two days of hourly ticks, 48 of daily ones, the last monthly one: an owner that was down catches up with them.
    replace(
        _stream("TICKS", ["scheduler.tick.>"], max_age_s=60 * _DAY_S), max_msgs_per_subject=TICKS_PER_JOB
    ),
    _stream(
        "DEAD",
        [
            "dead.>",
            "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.>",
            "$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.>",
        ],
        max_age_s=30 * _DAY_S,
    ),
    # A running analysis takes minutes; the day only limits what a lost one leaves behind.
    _bucket(
        PROGRESS_BUCKET,
        max_age_s=_DAY_S,
        republish=api.RePublish(
            src=f"$KV.{PROGRESS_BUCKET}.*.state", dest=f"{analysis.PROGRESS}.{{{{wildcard(1)}}}}"
        ),
    ),
    _counters(LIMITS_BUCKET, max_age_s=_HOUR_S),
)


@dataclass(frozen=True, slots=True)
class Consumer:
    """A durable pull consumer: `name` is `<service>_<what>`."""

    name: str
    stream: str
    filters: tuple[str, ...]
    ack_wait_s: float = 30.0
    max_deliver: int = 20
    max_ack_pending: int = 256

    @property
    def owner(self) -> str:
        """The service that pulls from it."""
        return self.name.split("_", 1)[0]

    def config(self) -> api.ConsumerConfig:
        """In the server's form."""
        return api.ConsumerConfig(
            durable_name=self.name,
            name=self.name,
            deliver_policy=api.DeliverPolicy.ALL,
            ack_policy=api.AckPolicy.EXPLICIT,
            ack_wait=self.ack_wait_s,
            max_deliver=self.max_deliver,
            max_ack_pending=self.max_ack_pending,
            filter_subject=self.filters[0] if len(self.filters) == 1 else None,
            filter_subjects=list(self.filters) if len(self.filters) > 1 else None,
        )


def _ticks(owner: str) -> Consumer:
    subjects = tuple(scheduler.tick_subject(job.name) for job in jobs_of(owner))
    # Delivered until the slot's row exists: nothing repeats a tick, and a database may be away for longer than 20 deliveries.
    return Consumer(f"{owner}_ticks", "TICKS", subjects, max_deliver=-1)


CONSUMERS: Final[dict[str, Consumer]] = {
    consumer.name: consumer
    for consumer in (
        Consumer("analysis_run", "ANALYSIS", (analysis.RUN,)),
        Consumer("analysis_scrape", "ANALYSIS", (analysis.SCRAPE,)),
        Consumer("analysis_score", "ANALYSIS", (analysis.SCORE,)),
        Consumer("analysis_settled", "EVENTS", (credits_.SETTLED,)),
        Consumer("credits_outcomes", "EVENTS", (analysis.RUN_ENDED, analysis.BULK_ENDED)),
        Consumer("gateway_webhooks", "EVENTS", (analysis.RUN_ENDED, analysis.BULK_ENDED)),
        Consumer("gateway_points", "EVENTS", tuple(points_subject(sender) for sender in SENDERS)),
        Consumer("billing_webhook", "STRIPE", (billing.WEBHOOK,)),
        _ticks("gateway"),
        _ticks("credits"),
        _ticks("analysis"),
        _ticks("billing"),
    )
}

# Which services may send which requests. Any other request is denied: the server's permissions come from this table.
REQUESTED_BY: Final[Mapping[str, tuple[str, ...]]] = {
    credits_.HOLD: ("gateway", "analysis"),
    credits_.SETTLE: ("gateway", "analysis"),
    credits_.BALANCE: ("gateway",),
    credits_.IMPORT_BALANCE: ("gateway",),
    credits_.AUDIT: ("gateway",),
    analysis.CANCEL: ("gateway",),
    analysis.CANCEL_BULK: ("gateway",),
    analysis.REPLAY: ("gateway",),
    analysis.ERASE: ("gateway",),
    analysis.CONTEXT_PREVIEW: ("gateway",),
    analysis.AVATAR: ("gateway",),
    billing.CHECKOUT: ("gateway",),
    billing.PORTAL: ("gateway",),
    billing.REPLAY: ("gateway",),
    billing.RECONCILE: ("gateway",),
    billing.START_FREE_PLAN: ("gateway",),
    **{scheduler.run_job_subject(owner): ("gateway",) for job in JOBS for owner in job.owners},
    **{failed.list_failed_subject(owner): ("gateway",) for owner in failed.OWNERS},
    **{failed.show_failed_subject(owner): ("gateway",) for owner in failed.OWNERS},
}
# Which services send which commands to another service. Each may send its own commands and publish its own events.
COMMANDED_BY: Final[Mapping[str, tuple[str, ...]]] = {analysis.RUN: ("gateway",)}
# Which services write which keys of which bucket, read a bucket, and subscribe to plain subjects.
KEYS_WRITTEN_BY: Final[Mapping[str, tuple[str, ...]]] = {
    f"$KV.{PROGRESS_BUCKET}.*.state": ("analysis",),
    f"$KV.{LIMITS_BUCKET}.>": ("gateway",),
}
BUCKETS_READ_BY: Final[Mapping[str, tuple[str, ...]]] = {LIMITS_BUCKET: ("gateway",)}
SUBSCRIBED_BY: Final[Mapping[str, tuple[str, ...]]] = {f"{analysis.PROGRESS}.*": ("gateway",)}


def stream_of(subject: str) -> str:
    """The stream that stores `subject`. Raises KeyError if there is none: such a message would be lost silently."""
    for stream in STREAMS:
        for pattern in stream.subjects or ():
            if subject == pattern or (pattern.endswith(">") and subject.startswith(pattern[:-1])):
                return str(stream.name)
    raise KeyError(subject)
