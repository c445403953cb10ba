"""The ports of insights."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from oslira_gateway.identity.caller import Member
from oslira_gateway.insights.cache import CacheCounts
from oslira_gateway.insights.latency import Measured
from oslira_gateway.insights.outcomes import EndCount, ScoreCount
from oslira_gateway.insights.period import Bucket, Period
from oslira_gateway.insights.usage import UsageOfType


class Insights(Protocol):
    """Data of the member's chosen account in a period. A run belongs to the time when it was ordered."""

    async def usage(self, member: Member, period: Period, bucket: Bucket) -> Sequence[UsageOfType]:
        """In the order of time, then of type."""
        ...

    async def latency(self, member: Member, period: Period) -> Mapping[tuple[str, str], Measured]:
        """By metric and label."""
        ...

    async def cache(self, member: Member, period: Period, bucket: Bucket) -> Sequence[CacheCounts]:
        """Any number for one time, in no order."""
        ...

    async def outcomes(
        self, member: Member, period: Period
    ) -> tuple[Sequence[EndCount], Sequence[ScoreCount]]:
        """In no order."""
        ...
