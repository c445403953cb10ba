"""Gauges of the fleet's active work, read from partial indexes, never on the scrape path."""

from collections.abc import Callable, Mapping
from typing import Final

from oslira_shared.postgres.clients import AdminClient

from oslira_analysis.domain.breaker import Breaker, BreakerState
from oslira_analysis.metrics import (
    ACCOUNTS_PLAN_UNKNOWN,
    BREAKER_OPEN,
    PLANS_PAUSED,
    RUNS,
    RUNS_OLDEST_SECONDS,
    SLOTS,
    SLOTS_USED,
)

MEASURE_EVERY_S: Final = 15.0
_STATES: Final = ("queued", "waiting", "scraping", "scoring", "unsettled")
_OPEN: Final[Mapping[BreakerState, float]] = {"closed": 0.0, "half_open": 0.5, "open": 1.0}
# An ended run keeps its `due_at` until its hold is settled.
_RUNS: Final = """
with alive as (
  select r.state, r.progressed_at from analysis.runs r where analysis.is_active(r.state)
  union all
  select 'unsettled', r.progressed_at from analysis.runs r
   where r.due_at is not null and r.state in ('completed', 'failed', 'cancelled')
)
select state, count(*) as runs, extract(epoch from now() - min(progressed_at))::float8 as oldest_s from alive group by state
"""
_SLOTS: Final = """
select s.kind, s.cap, case s.kind
         when 'score' then (select count(*) from analysis.runs r where r.state = 'scoring')
         else (select count(*) from analysis.scrapes c where c.state in ('starting', 'running', 'aborting'))
       end as used
  from analysis.slots s
"""
_PLAN_UNKNOWN: Final = """
select count(*) from billing.account_plans ap where not exists (select from analysis.plans p where p.plan = ap.plan)
"""
_PLANS_PAUSED: Final = "select count(*) from analysis.plans where is_paused"


class Gauges:
    """Every replica reports the same values of the fleet, so queries use the maximum, not the sum."""

    def __init__(
        self, database: AdminClient, breakers: Mapping[str, Breaker], *, clock_s: Callable[[], float]
    ) -> None:
        self._database = database
        self._breakers = breakers
        self._clock_s = clock_s

    async def __call__(self) -> None:
        for provider, breaker in self._breakers.items():
            BREAKER_OPEN.labels(provider).set(_OPEN[breaker.state(self._clock_s())])
        async with self._database.connection() as connection:
            runs = {row["state"]: row for row in await connection.fetch(_RUNS)}
            slots = await connection.fetch(_SLOTS)
            ACCOUNTS_PLAN_UNKNOWN.set(await connection.fetchval(_PLAN_UNKNOWN))
            PLANS_PAUSED.set(await connection.fetchval(_PLANS_PAUSED))
        for state in _STATES:
            row = runs.get(state)
            RUNS.labels(state).set(row["runs"] if row else 0)
            RUNS_OLDEST_SECONDS.labels(state).set(max(0.0, row["oldest_s"]) if row else 0)
        for row in slots:
            SLOTS.labels(row["kind"]).set(row["cap"])
            SLOTS_USED.labels(row["kind"]).set(row["used"])
