"""Holds, hints and cancels over the bus."""

import asyncio
from typing import Final
from uuid import UUID

import structlog
from oslira_shared.bus.connection import Bus
from oslira_shared.contracts.analysis.v1 import CANCEL, RUN, Cancelled, CancelRequest, RunStatus
from oslira_shared.contracts.credits.v1 import HOLD, SETTLE, Held, HoldRequest, Settlement, SettleRequest
from oslira_shared.contracts.work import WorkHint
from oslira_shared.errors import OsliraError

_LOG = structlog.get_logger()
# The sweep of analysis sends the hint itself 2 s after the row was written; a later hint does not help.
_ANNOUNCE_WITHIN_S: Final = 1.0


class BusHolds:
    """Implements Holds."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def hold(self, run_id: UUID, account_id: UUID, amount_credits: int) -> Held:
        request = HoldRequest(hold_id=run_id, account_id=account_id, amount_credits=amount_credits)
        return await self._bus.request(HOLD, request, Held)

    async def settle(self, run_id: UUID) -> None:
        try:
            await self._bus.request(SETTLE, SettleRequest(hold_id=run_id), Settlement)
        except OsliraError as error:
            _LOG.warning("hold_expires_unsettled", run_id=str(run_id), code=error.code)


class BusHints:
    """Implements Hints."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._sending: set[asyncio.Task[None]] = set()

    async def announce(self, run_id: UUID, *, status: RunStatus, attempt: int) -> None:
        """Returns at once: the caller's row is written, so the caller needs no PubAck."""
        task = asyncio.create_task(self._send(run_id, status=status, attempt=attempt))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send(self, run_id: UUID, *, status: RunStatus, attempt: int) -> None:
        hint = WorkHint.of(run_id, status, attempt)
        msg_id = f"{run_id}:{status.value}:{attempt}"
        try:
            await self._bus.publish(RUN, hint, msg_id=msg_id, timeout_s=_ANNOUNCE_WITHIN_S)
        except OsliraError as error:
            _LOG.warning("hint_not_sent", run_id=str(run_id), reason=error.detail)


class BusCancels:
    """Implements Cancels."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def cancel(self, run_id: UUID, account_id: UUID) -> RunStatus:
        request = CancelRequest(run_id=run_id, account_id=account_id)
        return (await self._bus.request(CANCEL, request, Cancelled)).status
