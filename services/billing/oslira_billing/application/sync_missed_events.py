"""Fetches events that Stripe could not deliver, and subscriptions whose period ended without an event."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from oslira_shared.errors import OsliraError
from oslira_shared.jobs import JobProgress

from oslira_billing.application.effects import HANDLED
from oslira_billing.application.ports import Hints, Inbox, MissedEvents, StripeObjects
from oslira_billing.domain.event import API_VERSION, parse_event


class StaleSubscriptions(Protocol):
    """Subscriptions that should have changed by now."""

    async def overdue(self) -> Sequence[str]:
        """Stripe's ids of those that have not ended, but whose period ended over an hour ago."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncMissedEvents:
    """A job: fetched events are handled as delivered ones, so an event that arrives both ways is one row."""

    missed: MissedEvents
    stale: StaleSubscriptions
    stripe: StripeObjects
    inbox: Inbox
    hints: Hints
    livemode: bool

    async def __call__(self, slot: datetime, progress: JobProgress) -> None:
        """One that is rejected doesn't stop the others."""
        async for payload in self.missed.undelivered(HANDLED):
            async with progress.item(f"event {payload.get('id')}"):
                await self._take_in(payload)
        for subscription_id in await self.stale.overdue():
            async with progress.item(f"subscription {subscription_id}"):
                await self._refresh(subscription_id, slot)

    async def _refresh(self, subscription_id: str, slot: datetime) -> None:
        current = await self.stripe.retrieve("subscription", subscription_id)
        if current is None:
            raise OsliraError("not_found", "Stripe has no such subscription")
        await self._take_in(
            {
                "object": "event",
                "id": f"sync:{subscription_id}:{slot.timestamp():.0f}",
                "api_version": API_VERSION,
                "type": "customer.subscription.updated",
                "livemode": self.livemode,
                "created": int(slot.timestamp()),
                "data": {"object": dict(current)},
            }
        )

    async def _take_in(self, payload: dict[str, Any]) -> None:
        event = parse_event(payload)
        if event.livemode is not self.livemode:
            raise OsliraError("livemode_mismatch", f"{event.id} is of the other mode")
        row_id = await self.inbox.store(event, json.dumps(payload))
        if row_id is not None:
            await self.hints.announce(row_id, "received", 0)
