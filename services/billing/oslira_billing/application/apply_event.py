"""Apply one stored event: once, in one transaction, and published only after the commit."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

import structlog
from oslira_shared.errors import OsliraError

from oslira_billing.application.effects import HANDLED, PAYMENT_LINKED, Choice, ChooseEffect
from oslira_billing.application.ports import (
    BillingRecords,
    ClaimLostError,
    Inbox,
    Publisher,
    Received,
    StripeObjects,
)
from oslira_billing.domain.accounts import names_us, one_owner, owner_of
from oslira_billing.domain.errors import AccountUnknownError, EventRefusedError, NotYetError
from oslira_billing.domain.event import API_VERSION
from oslira_billing.domain.fields import StripeObject, reference, text
from oslira_billing.domain.waiting import LONGEST_STEP_S, next_look_s

_LOG = structlog.get_logger()
_TELL_AGAIN_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class ApplyEvent:
    """received → done; or → applied → done when the account's plan changed, so that the change is published after a crash too."""

    inbox: Inbox
    stripe: StripeObjects
    publisher: Publisher

    async def __call__(self, row_id: UUID) -> None:
        """Raises nothing for a bad event or an outage of Stripe: the row's state holds the result."""
        received = await self.inbox.claim(row_id)
        if received is None:
            return
        try:
            await self._work(received)
        except NotYetError as missing:
            await self._wait(received, missing)
        except EventRefusedError as refusal:
            _LOG.error("event_refused", event_id=received.event.id, code=refusal.code, detail=refusal.detail)
            await self.inbox.end(received, state="dead", reason=str(refusal))
        except ClaimLostError:
            _LOG.info("lease_lost", event_id=received.event.id)
        except OsliraError as outage:
            # An outage of Stripe fails no event, however long it lasts.
            seconds = next_look_s(received.waited) or LONGEST_STEP_S
            await self.inbox.wait(received, seconds=seconds, reason=str(outage))
        except Exception as error:  # noqa: BLE001  # poison: the row counts its failures and ends `dead`
            _LOG.error("event_failed", event_id=received.event.id, exc_info=error)
            await self.inbox.retry(received, reason=f"{type(error).__name__}: {error}"[:500])

    async def _work(self, received: Received) -> None:
        if received.state == "applied" and received.account_id is not None:
            await self._tell(received, received.account_id)
        elif received.event.connected_account is not None or received.event.type not in HANDLED:
            # A connected account's money isn't ours, whatever its objects contain.
            await self.inbox.end(received, state="ignored")
        else:
            current = await self._as_we_read_it(received)
            if current.event.type == PAYMENT_LINKED:
                await self._link_payment(current)
            else:
                await self._apply(current, await ChooseEffect(self.inbox, self.stripe)(current.event))

    async def _as_we_read_it(self, received: Received) -> Received:
        """The event with its object in our API version: in another version fields are elsewhere, and would be read as missing."""
        event = received.event
        if event.api_version == API_VERSION:
            return received
        kind, object_id = text(event.object, "object") or "", text(event.object, "id") or ""
        current = await self.stripe.retrieve(kind, object_id)
        if current is None:
            detail = f"the event is of {event.api_version}, and Stripe has no {kind} {object_id}"
            raise EventRefusedError("api_version_differs", detail)
        return replace(received, event=replace(event, object=current))

    async def _link_payment(self, received: Received) -> None:
        described = received.event.object
        payment = reference(described, "payment", "payment_intent")
        invoice_id = reference(described, "invoice")
        async with self.inbox.records() as records:
            if payment is not None and invoice_id is not None:
                await records.reversals.save_payment(payment, invoice_id)
                await records.wake(payment)
            await records.finish(received, state="done", account_id=None)

    async def _apply(self, received: Received, choice: Choice) -> None:
        described = received.event.object
        async with self.inbox.records() as records:
            account_id = await _owner(records, (described, *choice.objects))
            await records.lock_account(account_id)
            before = await records.plan_of(account_id)
            await choice.effect(records, account_id, described)
            has_changed = await records.plan_of(account_id) != before
            after = await records.finish(
                received, state="applied" if has_changed else "done", account_id=account_id
            )
        if has_changed:
            await self._tell(after, account_id)

    async def _tell(self, received: Received, account_id: UUID) -> None:
        try:
            await self.publisher.subscription_changed(received.row_id, account_id)
        except OsliraError as outage:
            await self.inbox.wait(received, seconds=_TELL_AGAIN_S, reason=str(outage))
        else:
            await self.inbox.end(received, state="done")

    async def _wait(self, received: Received, missing: NotYetError) -> None:
        seconds, reason = next_look_s(received.waited), str(missing)
        if seconds is not None:
            await self.inbox.wait(received, seconds=seconds, reason=reason, waits_for=missing.waits_for)
        elif await self._is_ours(received):
            _LOG.error("event_waited_too_long", event_id=received.event.id, reason=reason)
            await self.inbox.end(received, state="dead", reason=reason)
        else:
            # Other products sell through the same Stripe account.
            await self.inbox.end(received, state="ignored", reason=f"not_ours: {reason}")

    async def _is_ours(self, received: Received) -> bool:
        event = received.event
        async with self.inbox.records() as records:
            if event.customer_id is not None and await records.account_of(event.customer_id) is not None:
                return True
            return names_us(event.object, await records.catalogue())


async def _owner(records: BillingRecords, objects: Iterable[StripeObject]) -> UUID:
    """The account of all of them. Raises EventRefusedError if they contradict each other, NotYetError if none names one."""
    owners: list[UUID] = []
    customer_id: str | None = None
    for object_ in objects:
        customer_id = reference(object_, "customer") or customer_id
        stored = await records.account_of(customer_id) if customer_id else None
        try:
            owners.append(owner_of(object_, stored))
        except AccountUnknownError:
            continue
    return one_owner(owners, waits_for=customer_id)
