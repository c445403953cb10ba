"""`/app/insights`: use, times, outcomes and scores over a chosen time, as plots with the table behind them."""

import asyncio
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from litestar import Request, Response, get
from litestar.params import FromQuery
from oslira_client import Forbidden
from oslira_client.generated.insights import Cache, Usage

from oslira_gateway.console.charts import columns
from oslira_gateway.console.text import kind
from oslira_gateway.console.visit import Visit, visit_of

PERIODS: Final = {1: "Today and yesterday", 7: "7 days", 30: "30 days", 90: "90 days"}
_DEFAULT: Final = 30


def insights_routes() -> list[Any]:
    """Figures over time."""

    @get("/app/insights")
    async def show(request: Request[Any, Any, Any], days: FromQuery[int] = _DEFAULT) -> Response[str]:
        visit, days = visit_of(request), days if days in PERIODS else _DEFAULT
        now = datetime.now(UTC)
        since = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days)
        bucket = "hour" if days == 1 else "day"
        usage, latency, outcomes, cache = await asyncio.gather(
            visit.api.insights.get_usage_insights(from_=since, bucket=bucket),
            visit.api.insights.get_latency_insights(from_=since),
            visit.api.insights.get_outcome_insights(from_=since),
            _cache(visit, since),
        )
        series = _runs(usage, since, now, hours=1 if bucket == "hour" else 24)
        steps = [one for one in latency.steps if one.step != "queued"]
        return await visit.page(
            "insights.html",
            periods=PERIODS,
            days=days,
            usage=usage,
            runs=series,
            runs_chart=columns(series, unit="runs"),
            steps=steps,
            steps_chart=columns(
                [(f"{kind(one.type)} {one.step}", one.durations.p95_ms / 1_000) for one in steps], unit="s"
            ),
            outcomes=outcomes.types,
            scores=[
                (one, columns(_deciles(one.scores.distribution), unit="analyses")) for one in outcomes.types
            ],
            cache=cache,
        )

    return [show]


async def _cache(visit: Visit, since: datetime) -> Cache | None:
    """For operators alone: None for everybody else."""
    try:
        return await visit.api.insights.get_cache_insights(from_=since, bucket="day")
    except Forbidden:
        return None


def _runs(usage: Usage, since: datetime, now: datetime, *, hours: int) -> list[tuple[str, float]]:
    """Runs of each hour or day, with those in which there were none."""
    form = "%H:00" if hours == 1 else "%d %b"
    counts: dict[datetime, int] = defaultdict(int)
    for item in usage.items:
        counts[item.at.astimezone(UTC)] += item.runs
    step = timedelta(hours=hours)
    steps = int((now - since) / step) + 1
    return [((since + step * n).strftime(form), counts[since + step * n]) for n in range(steps)]


def _deciles(distribution: list[int]) -> list[tuple[str, float]]:
    width = 100 // len(distribution) if distribution else 10
    return [(f"{index * width}–{(index + 1) * width}", count) for index, count in enumerate(distribution)]
