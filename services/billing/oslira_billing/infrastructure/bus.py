"""Billing on the bus: its hints, requests and events."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog
from oslira_shared.bus.connection import Bus
from oslira_shared.contracts.billing import v1 as contracts
from oslira_shared.contracts.billing.v1 import SUBSCRIPTION_CHANGED, WEBHOOK, SubscriptionChanged
from oslira_shared.contracts.work import WorkHint
from oslira_shared.errors import OsliraError
from oslira_shared.ids import derived_id, new_id

from oslira_billing.application.apply_event import ApplyEvent
from oslira_billing.application.import_missing import ImportMissing
from oslira_billing.application.import_missing import Order as Wanted
from oslira_billing.application.replay_event import ReplayEvent
from oslira_billing.application.start_checkout import OpenPortal, Order, StartCheckout

_LOG = structlog.get_logger()
# Stripe waits for our answer; a hint isn't worth more time, since the sweep repeats it.
_HINT_TIMEOUT_S: Final = 2.0


class BusHints:
    """Implements Hints."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def waiting_since(self) -> datetime | None:
        return await self._bus.waiting_since("billing_webhook")

    async def announce(self, row_id: UUID, state: str, attempt: int, *, again: bool = False) -> bool:
        msg_id = f"{row_id}:{state}:{attempt}" + (f":{new_id()}" if again else "")
        hint = WorkHint.of(row_id, state, attempt)
        try:
            await self._bus.publish(WEBHOOK, hint, msg_id=msg_id, timeout_s=_HINT_TIMEOUT_S)
        except OsliraError as error:
            _LOG.warning("hint_not_sent", row_id=str(row_id), reason=error.detail)
            return False
        return True


class BusPublisher:
    """Implements Publisher."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def subscription_changed(self, row_id: UUID, account_id: UUID) -> None:
        event_id = derived_id("subscription_changed", row_id)
        message = SubscriptionChanged(event_id=event_id, account_id=account_id)
        await self._bus.publish(SUBSCRIPTION_CHANGED, message, msg_id=str(event_id))


def subscribe(bus: Bus, *, apply_event: ApplyEvent) -> None:
    """Declare the consumer; it pulls once the bus is connected and the consumer exists."""

    @bus.consumer("billing_webhook")
    async def webhook(message: WorkHint) -> None:
        await apply_event(message.row_id)


def answer(bus: Bus, *, checkout: StartCheckout, portal: OpenPortal, replay: ReplayEvent) -> None:
    """Declare the responders."""

    @bus.responder(contracts.CHECKOUT)
    async def start_checkout(request: contracts.CheckoutRequest) -> contracts.Page:
        page = await checkout(
            Order(
                account_id=request.account_id,
                plan=request.plan,
                interval=request.interval,
                pack=request.pack,
                success_url=request.success_url,
                cancel_url=request.cancel_url,
                key=request.request_key,
            )
        )
        return contracts.Page(session_id=page.session_id, url=page.url)

    @bus.responder(contracts.PORTAL)
    async def open_portal(request: contracts.PortalRequest) -> contracts.Page:
        page = await portal(request.account_id, request.return_url)
        return contracts.Page(session_id=page.session_id, url=page.url)

    @bus.responder(contracts.REPLAY)
    async def replay_event(request: contracts.ReplayRequest) -> contracts.Replayed:
        return contracts.Replayed(row_id=await replay(request.event_id))


def answer_reconciliations(bus: Bus, import_missing: ImportMissing) -> None:
    """Declare the responder for operators."""

    @bus.responder(contracts.RECONCILE)
    async def reconcile(request: contracts.ReconcileRequest) -> contracts.ReconcileStep:
        done = await import_missing(Wanted(**request.model_dump()))
        return contracts.ReconcileStep(
            step=done.step,
            cursor=done.cursor,
            seen=done.seen,
            missing=done.missing,
            waiting=done.waiting,
            mismatch_count=done.mismatch_count,
            mismatches=[
                contracts.StripeMismatch(
                    kind=one.kind,
                    stripe_id=one.stripe_id,
                    account_id=one.account_id,
                    detail=one.detail,
                    stripe_minor=one.stripe_minor,
                    recorded_minor=one.recorded_minor,
                    currency=one.currency,
                    credits=one.credits,
                )
                for one in done.mismatches
            ],
        )


def answer_sign_ups(bus: Bus, start: Callable[[UUID], Awaitable[int]]) -> None:
    """Declare the responder for new accounts."""

    @bus.responder(contracts.START_FREE_PLAN)
    async def start_free_plan(request: contracts.StartFreePlan) -> contracts.FreePlan:
        granted = await start(request.account_id)
        return contracts.FreePlan(account_id=request.account_id, granted_credits=granted)
