"""`GET /v1/insights/{usage,latency,cache,outcomes}`: what an account's own data says."""

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
    """Routes about an account's own figures, for all of its members, but for the cache's. Nothing here is in dollars."""
    of_a_period: dict[str, Any] = {"dependencies": {"period": Provide(read_period)}, "tags": ["insights"]}

    @get("/insights/usage", **of_a_period)
    async def read_usage(
        request: Request[Any, Any, Any],
        period: NamedDependency[Period],
        bucket: FromQuery[Bucket] = Bucket.DAY,
    ) -> Usage:
        return usage(period, bucket, await insights.usage(member_of(request), period, bucket))

    @get("/insights/latency", **of_a_period)
    async def read_latency(request: Request[Any, Any, Any], period: NamedDependency[Period]) -> Latency:
        return latency(period, await insights.latency(member_of(request), period))

    @get("/insights/cache", **of_a_period, description="For operators only.")
    async def read_cache(
        request: Request[Any, Any, Any],
        period: NamedDependency[Period],
        bucket: FromQuery[Bucket] = Bucket.DAY,
    ) -> Cache:
        member = member_of(request)
        if not member.caller.is_operator:
            # The cache is shared by all accounts: its hits tell which profiles others have looked at.
            raise OsliraError("forbidden", "Only operators may see this.")
        return cache(period, bucket, await insights.cache(member, period, bucket))

    @get("/insights/outcomes", **of_a_period)
    async def read_outcomes(request: Request[Any, Any, Any], period: NamedDependency[Period]) -> Outcomes:
        return outcomes(period, *await insights.outcomes(member_of(request), period))

    return [read_usage, read_latency, read_cache, read_outcomes]
