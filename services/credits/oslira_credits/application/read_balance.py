"""What an account has."""

from dataclasses import dataclass
from uuid import UUID

from oslira_credits.application.ports import Ledger, Purse


@dataclass(frozen=True, slots=True)
class ReadBalance:
    """Always the ledger's own figures: nothing here is cached."""

    ledger: Ledger

    async def __call__(self, account_id: UUID) -> Purse:
        """Zeros for an account without entries."""
        return await self.ledger.purse(account_id)
