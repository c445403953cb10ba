"""Insights in memory, for tests of routes and views."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from oslira_gateway.identity.caller import Member
from oslira_gateway.insights.cache import CacheCounts
from oslira_gateway.insights.costs import Spent
from oslira_gateway.insights.latency import Measured
from oslira_gateway.insights.outcomes import EndCount, ScoreCount
from oslira_gateway.insights.period import Bucket, Period
from oslira_gateway.insights.usage import UsageOfType


@dataclass(slots=True)
class Figures:
    """Of one account."""

    usage: list[UsageOfType] = field(default_factory=list[UsageOfType])
    measured: dict[tuple[str, str], Measured] = field(default_factory=dict[tuple[str, str], Measured])
    cache: list[CacheCounts] = field(default_factory=list[CacheCounts])
    ends: list[EndCount] = field(default_factory=list[EndCount])
    scores: list[ScoreCount] = field(default_factory=list[ScoreCount])


@dataclass(slots=True)
class MemoryInsights:
    """Implements Insights. `asked`: for which periods."""

    accounts: dict[UUID, Figures] = field(default_factory=dict[UUID, Figures])
    asked: list[Period] = field(default_factory=list[Period])

    async def usage(self, member: Member, period: Period, bucket: Bucket) -> Sequence[UsageOfType]:  # noqa: ARG002
        return self._of(member, period).usage

    async def latency(self, member: Member, period: Period) -> Mapping[tuple[str, str], Measured]:
        return self._of(member, period).measured

    async def cache(self, member: Member, period: Period, bucket: Bucket) -> Sequence[CacheCounts]:  # noqa: ARG002
        return self._of(member, period).cache

    async def outcomes(
        self, member: Member, period: Period
    ) -> tuple[Sequence[EndCount], Sequence[ScoreCount]]:
        found = self._of(member, period)
        return found.ends, found.scores

    def _of(self, member: Member, period: Period) -> Figures:
        self.asked.append(period)
        return self.accounts.setdefault(member.account_id, Figures())


@dataclass(slots=True)
class MemoryLedger:
    """Implements Ledger: the groups it was given."""

    total: Spent
    accounts: list[Spent] = field(default_factory=list[Spent])
    users: list[Spent] = field(default_factory=list[Spent])
    types: list[Spent] = field(default_factory=list[Spent])

    async def by_account(self, period: Period, *, limit: int) -> Sequence[Spent]:  # noqa: ARG002
        return self.accounts[:limit]

    async def by_user(self, period: Period, *, limit: int) -> Sequence[Spent]:  # noqa: ARG002
        return self.users[:limit]

    async def by_type(self, period: Period) -> Sequence[Spent]:  # noqa: ARG002
        return self.types

    async def in_all(self, period: Period) -> Spent:  # noqa: ARG002
        return self.total
