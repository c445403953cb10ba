"""Free plans, requested from billing."""

from typing import Final
from uuid import UUID

from oslira_shared.bus.connection import Bus
from oslira_shared.contracts.billing.v1 import START_FREE_PLAN, FreePlan, StartFreePlan

# The user's first request waits for this; the sweep may wait longer.
_TIMEOUT_S: Final = 2.0


class BusFreePlans:
    """Implements FreePlans."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def start(self, account_id: UUID) -> None:
        request = StartFreePlan(account_id=account_id)
        await self._bus.request(START_FREE_PLAN, request, FreePlan, timeout_s=_TIMEOUT_S)
