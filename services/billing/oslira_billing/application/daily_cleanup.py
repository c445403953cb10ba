"""The daily clean-up of billing: bodies of old events, which hold names and addresses, and those of deleted accounts.

Subscriptions, invoices, charges and renewals stay: they are the accounting records, and name an account only by its id.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from oslira_shared.jobs import JobProgress

from oslira_billing.application.ports import ClosedAccounts, EventBodies

KEPT_FOR: Final = timedelta(days=90)
_BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class DailyCleanup:
    """A job. It works in batches, so that no lock lasts long."""

    bodies: EventBodies
    closed: ClosedAccounts

    async def __call__(self, _slot: datetime, progress: JobProgress) -> None:
        """Counts bodies as `webhook_events.payload`: the events themselves stay."""
        await progress.empty(
            "webhook_events.payload",
            lambda: self.bodies.clear_batch(older_than=KEPT_FOR, limit=_BATCH),
        )
        await progress.empty("bodies_of_closed_accounts", lambda: self.closed.clear_bodies(limit=_BATCH))
        await progress.empty("payment_problems", lambda: self.closed.clear_problems(limit=_BATCH))
