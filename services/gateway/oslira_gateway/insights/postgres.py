"""Insights, read under row-level security as the user.

What a run's row has is read from the row, and so is exact; only what has no row (durations of requests, steps and calls, and
orders that created no run) comes from data points.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from oslira_shared.contracts.analysis.v1 import RunStatus, RunType
from oslira_shared.contracts.points import Metric
from oslira_shared.postgres.clients import Pool, UserClient

from oslira_gateway.identity.caller import Member
from oslira_gateway.insights.cache import CacheCounts
from oslira_gateway.insights.latency import Measured
from oslira_gateway.insights.outcomes import SCORE_CLASSES, EndCount, ScoreCount
from oslira_gateway.insights.period import Bucket, Period
from oslira_gateway.insights.usage import UsageOfType

_RUNS: Final = (
    "from analysis.runs r where r.account_id = $1 and r.created_at >= $2 and r.created_at < $3"
    " and r.state <> 'closed'"
)
_USAGE: Final = f"""
select date_trunc($4, r.created_at, 'UTC') as at, r.type, count(*) as runs,
       count(*) filter (where r.state = 'completed') as completed,
       coalesce(sum(r.price_credits) filter (where r.state = 'completed'), 0) as credits,
       count(*) filter (where r.is_new_lead) as new_leads
  {_RUNS} group by 1, 2 order by 1, 2
"""
_TOTALS: Final = """
select h.metric, h.label, sum(h.total_us)::bigint as total_us
  from insights.hourly h where h.account_id = $1 and h.metric = any($4) and h.hour >= $2 and h.hour < $3 group by 1, 2
"""
_BUCKETS: Final = """
select h.metric, h.label, (b.n - 1)::int as number, sum(b.count)::bigint as count
  from insights.hourly h cross join lateral unnest(h.buckets) with ordinality as b (count, n)
 where h.account_id = $1 and h.metric = any($4) and h.hour >= $2 and h.hour < $3 and b.count > 0 group by 1, 2, 3
"""
_CACHE: Final = f"""
select date_trunc($4, r.created_at, 'UTC') as at,
       count(*) filter (where r.is_from_cache) as hits, count(*) filter (where not r.is_from_cache) as misses,
       sum(r.cached_tokens)::bigint as cached, sum(r.input_tokens - r.cached_tokens)::bigint as fresh
  {_RUNS} group by 1
"""
# An order answered by an existing analysis is a 200; one that created a run is a 202.
_ORDERED: Final = "POST /v1/analyses 202"
_ANSWERED: Final = "POST /v1/analyses 200"
_ORDERS: Final = f"""
select date_trunc($4, h.hour, 'UTC') as at,
       coalesce(sum(h.count) filter (where h.label = '{_ANSWERED}'), 0)::bigint as hits,
       coalesce(sum(h.count) filter (where h.label = '{_ORDERED}'), 0)::bigint as misses
  from insights.hourly h
 where h.account_id = $1 and h.metric = '{Metric.REQUEST}' and h.hour >= $2 and h.hour < $3
   and h.label in ('{_ANSWERED}', '{_ORDERED}')
 group by 1
"""
_ENDS: Final = f"select r.type, r.state, r.error_code, count(*) as runs {_RUNS} group by 1, 2, 3"
_SCORES: Final = f"""
select a.type, least(a.score / 10, {SCORE_CLASSES - 1}) as class, count(*) as analyses, sum(a.score) as total
  from analysis.analyses a
 where a.account_id = $1 and a.created_at >= $2 and a.created_at < $3 and a.deleted_at is null group by 1, 2
"""


class PostgresInsights:
    """Implements Insights."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def usage(self, member: Member, period: Period, bucket: Bucket) -> Sequence[UsageOfType]:
        async with self._as(member).transaction() as connection:
            rows = await connection.fetch(_USAGE, member.account_id, period.start, period.end, bucket)
        return [
            UsageOfType(
                row["at"],
                RunType(row["type"]),
                row["runs"],
                row["completed"],
                int(row["credits"]),
                row["new_leads"],
            )
            for row in rows
        ]

    async def latency(self, member: Member, period: Period) -> Mapping[tuple[str, str], Measured]:
        values = (member.account_id, period.start, period.end, [metric.value for metric in Metric])
        async with self._as(member).transaction() as connection:
            totals = await connection.fetch(_TOTALS, *values)
            buckets = await connection.fetch(_BUCKETS, *values)
        found = {(row["metric"], row["label"]): Measured(row["total_us"]) for row in totals}
        for row in buckets:
            # Rows that were stored between the two reads count from the next read on.
            if one := found.get((row["metric"], row["label"])):
                one.counts[row["number"]] = row["count"]
        return found

    async def cache(self, member: Member, period: Period, bucket: Bucket) -> Sequence[CacheCounts]:
        values = (member.account_id, period.start, period.end, bucket)
        async with self._as(member).transaction() as connection:
            runs = await connection.fetch(_CACHE, *values)
            orders = await connection.fetch(_ORDERS, *values)
        return [
            *(
                CacheCounts(
                    row["at"],
                    profile_hits=row["hits"],
                    profile_misses=row["misses"],
                    cached_tokens=row["cached"],
                    fresh_tokens=row["fresh"],
                )
                for row in runs
            ),
            *(
                CacheCounts(row["at"], analysis_hits=row["hits"], analysis_misses=row["misses"])
                for row in orders
            ),
        ]

    async def outcomes(
        self, member: Member, period: Period
    ) -> tuple[Sequence[EndCount], Sequence[ScoreCount]]:
        values = (member.account_id, period.start, period.end)
        async with self._as(member).transaction() as connection:
            ends = await connection.fetch(_ENDS, *values)
            scores = await connection.fetch(_SCORES, *values)
        return (
            [
                EndCount(RunType(row["type"]), RunStatus(row["state"]), row["error_code"], row["runs"])
                for row in ends
            ],
            [ScoreCount(RunType(row["type"]), row["class"], row["analyses"], row["total"]) for row in scores],
        )

    def _as(self, member: Member) -> UserClient:
        return UserClient(self._pool, claims=member.caller.claims)
