"""The monthly renewal: credits that no invoice grants. Manual and free plans, and yearly ones between two invoices."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from oslira_shared.jobs import Tally


@dataclass(frozen=True, slots=True)
class Renewal:
    """What a subscription is owed for the period that begins at `period_start`. `grant_key` makes it happen once."""

    subscription_id: UUID
    account_id: UUID
    plan: str
    credits: int
    period_start: datetime
    grant_key: str


class Renewals(Protocol):
    """Subscriptions that are owed credits, and giving them."""

    async def due(self, slot: datetime) -> Sequence[Renewal]:
        """Those of the slot's month (UTC) that have not been given."""
        ...

    async def give(self, renewal: Renewal) -> None:
        """The credits and the record of them, in one transaction; again: nothing."""
        ...


@dataclass(frozen=True, slots=True)
class RenewMonthly:
    """A job: one account's failure doesn't keep credits from the others."""

    renewals: Renewals

    async def __call__(self, slot: datetime, tally: Tally) -> None:
        """A slot that comes late still renews its own month."""
        for renewal in await self.renewals.due(slot):
            async with tally.item(f"subscription {renewal.subscription_id}"):
                await self.renewals.give(renewal)
