"""Requeue a dead event, once its cause is fixed."""

from dataclasses import dataclass
from uuid import UUID

from oslira_billing.application.ports import Hints, Inbox


@dataclass(frozen=True, slots=True)
class ReplayEvent:
    """Raises OsliraError: not_found; conflict, for one that isn't dead or whose body was cleared."""

    inbox: Inbox
    hints: Hints

    async def __call__(self, event_id: str) -> UUID:
        """By its row's id or Stripe's. May be repeated: applying is idempotent."""
        row_id = await self.inbox.requeue(event_id)
        await self.hints.announce(row_id, "received", 0, again=True)
        return row_id
