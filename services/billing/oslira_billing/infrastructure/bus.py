"""Billing on the bus: its hints, its news, and the two consumers."""

import asyncio
from typing import Final
from uuid import UUID

import structlog
from oslira_shared.bus.connection import Bus
from oslira_shared.contracts.billing.v1 import SUBSCRIPTION_CHANGED, WEBHOOK, SubscriptionChanged
from oslira_shared.contracts.scheduler.v1 import Tick
from oslira_shared.contracts.work import WorkHint
from oslira_shared.errors import OsliraError
from oslira_shared.ids import derived_id, new_id

from oslira_billing.application.apply_event import ApplyEvent
from oslira_billing.application.run_jobs import RunJobs

_LOG = structlog.get_logger()
# Stripe waits for its answer; a hint isn't worth more, since the sweep repeats it.
_HINT_TIMEOUT_S: Final = 2.0


class BusHints:
    """Implements Hints."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    @property
    def is_open(self) -> bool:
        return self._bus.is_connected

    async def announce(self, row_id: UUID, state: str, attempt: int, *, again: bool = False) -> None:
        msg_id = f"{row_id}:{state}:{attempt}" + (f":{new_id()}" if again else "")
        try:
            async with asyncio.timeout(_HINT_TIMEOUT_S):
                await self._bus.publish(WEBHOOK, WorkHint.of(row_id, state, attempt), msg_id=msg_id)
        except (OsliraError, TimeoutError) as error:
            _LOG.warning("hint_not_sent", row_id=str(row_id), reason=str(error))


class BusNews:
    """Implements News."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def subscription_changed(self, row_id: UUID, account_id: UUID) -> None:
        event_id = derived_id("subscription_changed", row_id)
        message = SubscriptionChanged(event_id=event_id, account_id=account_id)
        await self._bus.publish(SUBSCRIPTION_CHANGED, message, msg_id=str(event_id))


def subscribe(bus: Bus, *, apply_event: ApplyEvent, jobs: RunJobs) -> None:
    """Declare the consumers; they pull once the bus has started and they exist."""

    @bus.consumer("billing_webhook")
    async def webhook(message: WorkHint) -> None:
        await apply_event(message.row_id)

    @bus.consumer("billing_ticks")
    async def tick(message: Tick) -> None:
        await jobs.tick(message.job, message.slot)
