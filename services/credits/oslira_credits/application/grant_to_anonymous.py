"""The daily budget of anonymous callers: a small grant to their system account that expires at midnight (UTC)."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from oslira_credits.domain.amounts import Credits


class DailyGrants(Protocol):
    """Grants that are made once a day and expire at the day's end, by the ledger's clock."""

    async def make(self, account_id: UUID, amount: Credits) -> bool:
        """Make today's grant if it does not exist. Returns whether it was made by this call."""
        ...


@dataclass(frozen=True, slots=True)
class GrantToAnonymous:
    """Called on every sweep, so that a new installation and a new day get the grant at once. It reads before it writes."""

    grants: DailyGrants
    account_id: UUID
    amount: Credits

    async def __call__(self) -> bool:
        """Returns whether the grant was made by this call. An amount of 0 makes none."""
        return self.amount > 0 and await self.grants.make(self.account_id, self.amount)
