"""Metrics of unfinished Stripe events and differing records: read by partial indexes, in a loop, never during a scrape."""

from typing import Final

from oslira_shared.postgres.clients import AdminClient

from oslira_billing.domain.mismatch import KINDS
from oslira_billing.domain.reversal import QUIET
from oslira_billing.metrics import (
    BOOK_DIFFERENCES,
    CLOSURES_OLDEST_SECONDS,
    DISPUTES,
    EVENTS_DEAD,
    EVENTS_OLDEST_SECONDS,
    EVENTS_WAITING,
    STRIPE_MISMATCHES,
)

MEASURE_EVERY_S: Final = 15.0
# `waited_from` is when it arrived, or when an operator requeued it. One that waits for another event is no lag of ours.
_EVENTS: Final = """
select count(*) as waiting,
       coalesce(extract(epoch from now() - min(waited_from) filter (where waits_for is null)), 0)::float8 as oldest_s,
       (select count(*) from billing.webhook_events d where d.state = 'dead') as dead,
       (select count(*) from billing.differences b where b.resolved_at is null) as differences
  from billing.webhook_events where due_at is not null
"""
_DISPUTES: Final = """
select count(*) filter (where not state = any($1::text[])) as open,
       count(*) filter (where state = 'lost' and updated_at > now() - interval '7 days') as lost
  from billing.disputes where updated_at > now() - interval '180 days'
"""
_MISMATCHES: Final = """
select kind, count(*) as open from billing.stripe_mismatches where resolved_at is null group by kind
"""
_CLOSURES: Final = """
select coalesce(extract(epoch from now() - min(deleted_at)), 0)::float8 from billing.accounts_to_close(1000)
"""


class Gauges:
    """Every replica exports the same value; queries use max(), not sum()."""

    def __init__(self, database: AdminClient) -> None:
        self._database = database

    async def __call__(self) -> None:
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_EVENTS)
            disputes = await connection.fetchrow(_DISPUTES, sorted(QUIET))
            mismatches = {row["kind"]: row["open"] for row in await connection.fetch(_MISMATCHES)}
            closing_s = await connection.fetchval(_CLOSURES)
        assert disputes is not None  # noqa: S101  # an aggregate
        for state in ("open", "lost"):
            DISPUTES.labels(state).set(disputes[state])
        for kind in KINDS:
            STRIPE_MISMATCHES.labels(kind).set(mismatches.get(kind, 0))
        CLOSURES_OLDEST_SECONDS.set(max(0.0, closing_s))
        assert row is not None  # noqa: S101  # an aggregate
        EVENTS_WAITING.set(row["waiting"])
        EVENTS_OLDEST_SECONDS.set(max(0.0, row["oldest_s"]))
        EVENTS_DEAD.set(row["dead"])
        BOOK_DIFFERENCES.set(row["differences"])
