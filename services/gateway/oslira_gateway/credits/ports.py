"""What the gateway asks of the credits service."""

from typing import Protocol
from uuid import UUID

from oslira_shared.contracts.credits.v1 import Balance


class Balances(Protocol):
    """Balances by account."""

    async def of(self, account_id: UUID) -> Balance:
        """As of now. Raises OsliraError `unavailable` when credits can't be asked."""
        ...
