"""What visitors without an account may use up together in a day: a small grant to their system account, gone at midnight (UTC)."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from oslira_credits.domain.amounts import Credits


class DailyGrants(Protocol):
    """Grants that are made once a day and expire with it, by the ledger's own clock."""

    async def make(self, account_id: UUID, amount: Credits) -> bool:
        """Make today's unless it is there. Whether it was made now."""
        ...


@dataclass(frozen=True, slots=True)
class GrantToAnonymous:
    """Called all the time, so that a fresh install and a new day have it at once; it looks before it writes."""

    grants: DailyGrants
    account_id: UUID
    amount: Credits

    async def __call__(self) -> bool:
        """Whether it was made now. An amount of 0 makes none."""
        return self.amount > 0 and await self.grants.make(self.account_id, self.amount)
