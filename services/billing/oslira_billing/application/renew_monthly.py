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
    """The credits of a subscription for the period that begins at `period_start`. `grant_key` makes the grant idempotent."""

    subscription_id: UUID
    account_id: UUID
    plan: str
    credits: int
    period_start: datetime
    grant_key: str


class Renewals(Protocol):
    """Manual plans with credits due, and their grants."""

    async def due(self, slot: datetime) -> Sequence[Renewal]:
        """Periods that began before or begin in the slot's month (UTC), and have not been granted."""
        ...

    async def give(self, renewal: Renewal) -> None:
        """Grant the credits and record them, in one transaction; idempotent."""
        ...


@dataclass(frozen=True, slots=True)
class RenewMonthly:
    """A job: grants everything that is due and was not granted, so that a slot also covers missed ones.

    One account's failure does not keep credits from others.
    """

    renewals: Renewals
    records: Callable[[], AbstractAsyncContextManager[BillingRecords]]

    async def __call__(self, slot: datetime, progress: JobProgress) -> None:
        """As of the slot, also if it runs late."""
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
