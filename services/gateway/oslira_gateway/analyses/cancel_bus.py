"""Cancelling over the bus."""

from uuid import UUID

import structlog
from oslira_shared.bus.connection import Bus
from oslira_shared.contracts.analysis.v1 import (
    CANCEL,
    CANCEL_BULK,
    CancelBulkRequest,
    Cancelled,
    CancelledBulk,
    CancelRequest,
    RunStatus,
)
from oslira_shared.contracts.credits.v1 import SETTLE, Settlement, SettleRequest
from oslira_shared.errors import OsliraError

_LOG = structlog.get_logger()


class BusCancels:
    """See Cancels and Settlements."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def cancel(self, run_id: UUID, account_id: UUID) -> RunStatus:
        """See Cancels."""
        request = CancelRequest(run_id=run_id, account_id=account_id)
        return (await self._bus.request(CANCEL, request, Cancelled)).status

    async def settled(self, hold_id: UUID) -> Settlement | None:
        """See Settlements."""
        try:
            return await self._bus.request(SETTLE, SettleRequest(hold_id=hold_id), Settlement)
        except OsliraError as error:
            _LOG.warning("settlement_not_known", hold_id=str(hold_id), code=error.code)
            return None


class BusBulkCancels:
    """See BulkCancels."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def cancel(self, bulk_id: UUID, account_id: UUID) -> bool:
        """See BulkCancels."""
        request = CancelBulkRequest(bulk_id=bulk_id, account_id=account_id)
        return (await self._bus.request(CANCEL_BULK, request, CancelledBulk)).was_open
