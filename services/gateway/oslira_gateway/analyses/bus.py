"""Holds, hints and live progress over the bus."""

import asyncio
from typing import Final
from uuid import UUID

import structlog
from nats.aio.msg import Msg
from oslira_shared.bus.connection import Bus
from oslira_shared.contracts.analysis.v1 import PROGRESS, RUN, Progress, RunStatus
from oslira_shared.contracts.credits.v1 import HOLD, SETTLE, Held, HoldRequest, Settlement, SettleRequest
from oslira_shared.contracts.work import WorkHint
from oslira_shared.errors import OsliraError
from pydantic import ValidationError

from oslira_gateway.analyses.feed import ProgressFeed

_LOG = structlog.get_logger()
# The sweep of analysis steps in 2 s after the row was made: a hint that isn't stored by then is of no more use.
_ANNOUNCE_WITHIN_S: Final = 1.0


class BusHolds:
    """See Holds."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def hold(self, run_id: UUID, account_id: UUID, amount_credits: int) -> Held:
        """See Holds."""
        request = HoldRequest(hold_id=run_id, account_id=account_id, amount_credits=amount_credits)
        return await self._bus.request(HOLD, request, Held)

    async def settle(self, run_id: UUID) -> None:
        """See Holds."""
        try:
            await self._bus.request(SETTLE, SettleRequest(hold_id=run_id), Settlement)
        except OsliraError as error:
            _LOG.warning("hold_left_to_expire", run_id=str(run_id), code=error.code)


class BusHints:
    """See Hints."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._sending: set[asyncio.Task[None]] = set()

    async def announce(self, run_id: UUID, *, status: RunStatus, attempt: int) -> None:
        """See Hints. Returns at once: whoever asked has their row, and a PubAck would tell them nothing more."""
        task = asyncio.create_task(self._send(run_id, status=status, attempt=attempt))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send(self, run_id: UUID, *, status: RunStatus, attempt: int) -> None:
        hint = WorkHint.of(run_id, status, attempt)
        try:
            async with asyncio.timeout(_ANNOUNCE_WITHIN_S):
                await self._bus.publish(RUN, hint, msg_id=f"{run_id}:{status.value}:{attempt}")
        except (OsliraError, TimeoutError) as error:
            _LOG.warning("hint_left_to_sweep", run_id=str(run_id), reason=type(error).__name__)


class BusProgress:
    """The process's one subscription to every run's progress; it survives reconnects by itself."""

    def __init__(self, bus: Bus, feed: ProgressFeed) -> None:
        self._bus = bus
        self._feed = feed
        bus.on_connected(self._subscribe)

    async def _subscribe(self) -> None:
        await self._bus.client.subscribe(f"{PROGRESS}.*", cb=self.receive)

    async def receive(self, message: Msg) -> None:
        """Feed whoever watches; most runs are watched elsewhere or nowhere, and cost no more than a look at the subject."""
        try:
            run_id = UUID(message.subject.rpartition(".")[2])
            if not message.data or not self._feed.is_watched(run_id):
                return
            progress = Progress.model_validate_json(message.data)
        except (ValueError, ValidationError):
            _LOG.warning("progress_not_readable")
            return
        if progress.run_id == run_id:
            self._feed.publish(progress)
