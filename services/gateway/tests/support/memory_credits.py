"""The ports of credits, kept in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from oslira_gateway.credits.ports import SoldPack, SoldPlan
from oslira_gateway.credits.transaction import ALWAYS, Span, Transaction
from oslira_gateway.identity.caller import Member
from oslira_shared.catalog import PACKS, PLANS


@dataclass(slots=True)
class MemoryStatements:
    """Implements Statements. By account, the oldest first."""

    lines: dict[UUID, list[Transaction]] = field(default_factory=dict[UUID, list[Transaction]])

    async def page(
        self, member: Member, *, before: int | None, limit: int, span: Span = ALWAYS
    ) -> Sequence[Transaction]:
        newest_first = reversed(self.lines.get(member.account_id, []))
        return [
            one
            for one in newest_first
            if (before is None or one.position < before)
            and (span.start is None or one.created_at >= span.start)
            and (span.end is None or one.created_at < span.end)
        ][:limit]


class MemoryOffers:
    """Implements Offers. What the catalogue has."""

    async def plans(self) -> Sequence[SoldPlan]:
        return [SoldPlan(name, plan.monthly_credits, plan.trial_credits) for name, plan in PLANS.items()]

    async def packs(self) -> Sequence[SoldPack]:
        return [SoldPack(name, pack.credits) for name, pack in PACKS.items()]
