"""Apply one stored event: once, whole, and told to others only after it is committed."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeAlias
from uuid import UUID

import structlog
from oslira_shared.errors import OsliraError

from oslira_billing.application.apply_checkout import apply_checkout
from oslira_billing.application.apply_invoice import apply_invoice
from oslira_billing.application.apply_subscription import apply_subscription
from oslira_billing.application.ports import (
    Books,
    ClaimLostError,
    Inbox,
    News,
    Received,
    Sighting,
    StripeObjects,
)
from oslira_billing.domain.accounts import owner_of
from oslira_billing.domain.errors import AccountUnknownError, EventRefusedError
from oslira_billing.domain.fields import StripeObject, text
from oslira_billing.domain.waiting import next_look_s

_LOG = structlog.get_logger()

# What an event does once its account is known, in one transaction: (books, account, the event's object).
Effect: TypeAlias = Callable[[Books, UUID, StripeObject], Awaitable[None]]

EFFECTS: Final[dict[str, Effect]] = {
    "invoice.paid": apply_invoice,
    "checkout.session.completed": apply_checkout,
    "checkout.session.async_payment_succeeded": apply_checkout,
}
SUBSCRIPTION_EVENTS: Final = frozenset(
    f"customer.subscription.{what}" for what in ("created", "updated", "deleted", "paused", "resumed")
)

_TELL_AGAIN_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class ApplyEvent:
    """received → done; or → applied → done when the account's plan changed, so that a crash in between still tells."""

    inbox: Inbox
    stripe: StripeObjects
    news: News

    async def __call__(self, row_id: UUID) -> None:
        """Raises nothing for what an event is or what Stripe does: the row's state says what became of it."""
        received = await self.inbox.claim(row_id)
        if received is None:
            return
        try:
            await self._work(received)
        except AccountUnknownError:
            await self._wait(received, reason="account_unknown: nothing has said yet whose it is")
        except EventRefusedError as refusal:
            _LOG.error("event_refused", event_id=received.event.id, code=refusal.code, detail=refusal.detail)
            await self.inbox.end(received, state="dead", reason=str(refusal))
        except ClaimLostError:
            _LOG.info("event_taken_away", event_id=received.event.id)
        except OsliraError as outage:
            # An outage of Stripe fails no event, however long it lasts.
            await self._wait(received, reason=str(outage))
        except Exception as error:  # noqa: BLE001  # poison: the row counts its failures and ends `dead`
            _LOG.error("event_failed", event_id=received.event.id, exc_info=error)
            await self.inbox.retry(received, reason=f"{type(error).__name__}: {error}"[:500])

    async def _work(self, received: Received) -> None:
        kind = received.event.type
        if received.state == "applied" and received.account_id is not None:
            await self._tell(received, received.account_id)
        elif kind in EFFECTS:
            await self._apply(received, EFFECTS[kind])
        elif kind in SUBSCRIPTION_EVENTS:
            await self._apply(received, await self._subscription_effect(received))
        else:
            await self.inbox.end(received, state="ignored")

    async def _subscription_effect(self, received: Received) -> Effect:
        """Events come in no order, so the subscription is asked for as it is now; never inside a transaction."""
        event = received.event
        fetch_seq = await self.inbox.next_fetch_seq()
        current = await self.stripe.subscription(text(event.object, "id") or "")
        if current is not None:
            return partial(apply_subscription, current=current, seen=Sighting(fetch_seq))
        seen = Sighting(fetch_seq, as_of=event.created)
        return partial(apply_subscription, current=event.object, seen=seen)

    async def _apply(self, received: Received, effect: Effect) -> None:
        described, customer_id = received.event.object, received.event.customer_id
        async with self.inbox.books() as books:
            stored = await books.account_of(customer_id) if customer_id else None
            account_id = owner_of(described, stored)
            await books.lock_account(account_id)
            before = await books.plan_of(account_id)
            await effect(books, account_id, described)
            has_changed = await books.plan_of(account_id) != before
            after = await books.finish(
                received, state="applied" if has_changed else "done", account_id=account_id
            )
        if has_changed:
            await self._tell(after, account_id)

    async def _tell(self, received: Received, account_id: UUID) -> None:
        try:
            await self.news.subscription_changed(received.row_id, account_id)
        except OsliraError as outage:
            await self.inbox.wait(received, seconds=_TELL_AGAIN_S, reason=str(outage))
        else:
            await self.inbox.end(received, state="done")

    async def _wait(self, received: Received, *, reason: str) -> None:
        seconds = next_look_s(received.waited)
        if seconds is None:
            _LOG.error("event_waited_too_long", event_id=received.event.id, reason=reason)
            await self.inbox.end(received, state="dead", reason=reason)
        else:
            await self.inbox.wait(received, seconds=seconds, reason=reason)
