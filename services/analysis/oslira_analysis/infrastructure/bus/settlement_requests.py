"""Requests to credits to settle a hold."""

from uuid import UUID

import structlog
from oslira_shared.bus.connection import Bus
from oslira_shared.contracts.credits.v1 import SETTLE, Settlement, SettleRequest
from oslira_shared.errors import OsliraError

_LOG = structlog.get_logger()


class BusSettlementRequests:
    """The port SettlementRequests."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def settle(self, hold_id: UUID) -> None:
        if not self._bus.is_connected:
            return
        try:
            await self._bus.request(SETTLE, SettleRequest(hold_id=hold_id), Settlement)
        except OsliraError as error:
            _LOG.warning("settlement_not_confirmed", hold_id=str(hold_id), code=error.code)
