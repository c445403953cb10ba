"""Balances over the bus."""

from uuid import UUID

from oslira_shared.bus.connection import Bus
from oslira_shared.contracts.credits.v1 import BALANCE, Balance, BalanceRequest


class BusBalances:
    """Implements Balances."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def of(self, account_id: UUID) -> Balance:
        return await self._bus.request(BALANCE, BalanceRequest(account_id=account_id), Balance)
