"""Cancels a bulk over the bus."""

from uuid import UUID

from oslira_shared.bus.connection import Bus
from oslira_shared.contracts.analysis.v1 import CANCEL_BULK, CancelBulkRequest, CancelledBulk


class BusBulkCancels:
    """Implements BulkCancels."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def cancel(self, bulk_id: UUID, account_id: UUID) -> bool:
        request = CancelBulkRequest(bulk_id=bulk_id, account_id=account_id)
        return (await self._bus.request(CANCEL_BULK, request, CancelledBulk)).was_open
