"""Credits that no invoice grants when they are due: manual and free plans, and months that were paid in advance."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from oslira_shared.jobs import JobProgress

from oslira_billing.application.ports import BillingRecords
from oslira_billing.application.purchases import DueGroup
from oslira_billing.application.record_purchase import grant_months


@dataclass(frozen=True, slots=True)
class Renewal:
    """What a subscription is due for the period that begins at `period_start`. `grant_key` makes it happen once."""

    subscription_id: UUID
    account_id: UUID
    plan: str
    credits: int
    period_start: datetime
    grant_key: str


class Renewals(Protocol):
    """Manual plans that are due credits, and giving them."""

    async def due(self, slot: datetime) -> Sequence[Renewal]:
        """Periods that begin in the slot's month (UTC) or began before, and have not been given."""
        ...

    async def give(self, renewal: Renewal) -> None:
        """The credits and the record of them, in one transaction; again: nothing."""
        ...


@dataclass(frozen=True, slots=True)
class RenewMonthly:
    """A job: grants whatever is due and was not granted, so that what a slot missed the next one gives.

    One account's failure doesn't keep credits from the others.
    """

    renewals: Renewals
    records: Callable[[], AbstractAsyncContextManager[BillingRecords]]

    async def __call__(self, slot: datetime, progress: JobProgress) -> None:
        """As of the slot, also if it comes late."""
        for renewal in await self.renewals.due(slot):
            async with progress.item(f"subscription {renewal.subscription_id}"):
                await self.renewals.give(renewal)
        async with self.records() as records:
            due = await records.purchases.due(slot)
        for group in due:
            async with progress.item(f"subscription {group.key}"):
                await self._grant(group, slot)

    async def _grant(self, group: DueGroup, slot: datetime) -> None:
        async with self.records() as records:
            await records.lock_account(group.account_id)
            await grant_months(records, group.account_id, group.key, at=slot)
