"""`GET /v1/insights/{usage,latency,cache,outcomes}`: an account's own data."""

from typing import Any

from litestar import Request, get
from litestar.di import NamedDependency, Provide
from litestar.params import FromQuery
from oslira_shared.errors import OsliraError

from oslira_gateway.http.auth import member_of
from oslira_gateway.insights.cache import Cache, cache
from oslira_gateway.insights.latency import Latency, latency
from oslira_gateway.insights.outcomes import Outcomes, outcomes
from oslira_gateway.insights.period import Bucket, Period, read_period
from oslira_gateway.insights.ports import Insights
from oslira_gateway.insights.usage import Usage, usage


def insights_routes(insights: Insights) -> list[Any]:
    """Routes about an account's own data, for all of its members, except for the cache's. Nothing here is in dollars."""
    of_a_period: dict[str, Any] = {"dependencies": {"period": Provide(read_period)}, "tags": ["insights"]}

    @get("/insights/usage", operation_id="getUsageInsights", **of_a_period)
    async def read_usage(
        request: Request[Any, Any, Any],
        period: NamedDependency[Period],
        bucket: FromQuery[Bucket] = Bucket.DAY,
    ) -> Usage:
        """Runs, credits and new leads by hour or day and by type."""
        return usage(period, bucket, await insights.usage(member_of(request), period, bucket))

    @get("/insights/latency", operation_id="getLatencyInsights", **of_a_period)
    async def read_latency(request: Request[Any, Any, Any], period: NamedDependency[Period]) -> Latency:
        """How long the account's requests, runs and model calls took."""
        return latency(period, await insights.latency(member_of(request), period))

    @get("/insights/cache", operation_id="getCacheInsights", **of_a_period)
    async def read_cache(
        request: Request[Any, Any, Any],
        period: NamedDependency[Period],
        bucket: FromQuery[Bucket] = Bucket.DAY,
    ) -> Cache:
        """How often a profile, a finished analysis or the beginning of a prompt was used again. For operators only."""
        member = member_of(request)
        if not member.caller.is_operator:
            # The cache is shared by all accounts: its hits show which profiles others have analysed.
            raise OsliraError("forbidden", "Only operators may see this.")
        return cache(period, bucket, await insights.cache(member, period, bucket))

    @get("/insights/outcomes", operation_id="getOutcomeInsights", **of_a_period)
    async def read_outcomes(request: Request[Any, Any, Any], period: NamedDependency[Period]) -> Outcomes:
        """How the account's runs ended, why some failed, and how profiles scored."""
        return outcomes(period, *await insights.outcomes(member_of(request), period))

    return [read_usage, read_latency, read_cache, read_outcomes]
