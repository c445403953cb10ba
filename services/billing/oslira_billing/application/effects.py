"""Chooses an event's effect, and reads all that it needs from Stripe: nothing is requested inside a transaction."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeAlias
from uuid import UUID

from oslira_billing.application.apply_checkout import apply_checkout
from oslira_billing.application.apply_invoice import apply_invoice
from oslira_billing.application.fetch_version import FetchVersion
from oslira_billing.application.find_reversal import FindReversal, is_reversal
from oslira_billing.application.payment_problems import clear_problem, note_problem
from oslira_billing.application.ports import BillingRecords, Inbox, StripeObjects
from oslira_billing.application.reverse import credit, reverse
from oslira_billing.application.whole_invoice import whole_invoice
from oslira_billing.domain.event import StripeEvent
from oslira_billing.domain.fields import StripeObject, text
from oslira_billing.domain.reversal import read_credit_note
from oslira_billing.domain.subscription import read_subscription

# What an event does once its account is known, in one transaction: (records, account, the event's object).
Effect: TypeAlias = Callable[[BillingRecords, UUID, StripeObject], Awaitable[None]]

_INVOICE_PAID: Final = "invoice.paid"
_PLAIN: Final[dict[str, Effect]] = {
    "invoice.voided": clear_problem,
    "checkout.session.async_payment_failed": partial(apply_checkout, has_failed=True),
}
_CHECKOUT: Final = frozenset(f"checkout.session.{what}" for what in ("completed", "async_payment_succeeded"))
_PROBLEMS: Final = {
    f"invoice.{problem}": problem for problem in ("payment_failed", "payment_action_required")
}
_SUBSCRIPTION: Final = frozenset(
    f"customer.subscription.{what}" for what in ("created", "updated", "deleted", "paused", "resumed")
)
_CREDIT_NOTE: Final = frozenset(f"credit_note.{what}" for what in ("created", "updated", "voided"))
# Names no customer; it only links an invoice to its payment.
PAYMENT_LINKED: Final = "invoice_payment.paid"
HANDLED: Final = (
    _INVOICE_PAID,
    *_PLAIN,
    *sorted(_CHECKOUT),
    *_PROBLEMS,
    *sorted(_SUBSCRIPTION),
    *sorted(_CREDIT_NOTE),
    PAYMENT_LINKED,
    "charge.refunded",
    *(f"refund.{what}" for what in ("created", "updated", "failed")),
    *(
        f"charge.dispute.{what}"
        for what in ("created", "updated", "closed", "funds_withdrawn", "funds_reinstated")
    ),
)


@dataclass(frozen=True, slots=True)
class Choice:
    """`objects`: objects in addition to the event's own that name its account."""

    effect: Effect
    objects: tuple[StripeObject, ...] = ()


@dataclass(frozen=True, slots=True)
class ChooseEffect:
    """For one of HANDLED except PAYMENT_LINKED. Raises NotYetError, EventRefusedError, or OsliraError for an outage."""

    inbox: Inbox
    stripe: StripeObjects

    async def __call__(self, event: StripeEvent) -> Choice:
        if is_reversal(event.type):
            found = await FindReversal(self.inbox, self.stripe)(event)
            return Choice(partial(reverse, found=found), found.objects)
        return Choice(await self._effect(event))

    async def _effect(self, event: StripeEvent) -> Effect:
        asking = (
            ({_INVOICE_PAID}, self._invoice),
            (_CHECKOUT, self._checkout),
            (_SUBSCRIPTION, self._subscription),
            (_PROBLEMS, self._problem),
            (_CREDIT_NOTE, self._credit_note),
        )
        for kinds, choose in asking:
            if event.type in kinds:
                return await choose(event)
        return _PLAIN[event.type]

    async def _invoice(self, event: StripeEvent) -> Effect:
        invoice, anchor = await whole_invoice(self.stripe, event.object)
        return partial(apply_invoice, invoice=invoice, anchor=anchor)

    async def _checkout(self, event: StripeEvent) -> Effect:
        """The items of a pack's checkout, which its event lacks."""
        items: Sequence[StripeObject] | None = None
        if text(event.object, "mode") == "payment":
            items = await self.stripe.items_of(text(event.object, "id") or "")
        return partial(apply_checkout, items=items or ())

    async def _problem(self, event: StripeEvent) -> Effect:
        current = await self.stripe.retrieve("invoice", text(event.object, "id") or "")
        return partial(note_problem, current=current or event.object, problem=_PROBLEMS[event.type])

    async def _subscription(self, event: StripeEvent) -> Effect:
        """Events arrive in any order, so the current subscription is read."""
        fetch_seq = await self.inbox.next_fetch_seq()
        current = await self.stripe.retrieve("subscription", text(event.object, "id") or "")
        seen = FetchVersion(fetch_seq, as_of=None if current else event.created)
        return partial(_apply_subscription, current=current or event.object, seen=seen)

    async def _credit_note(self, event: StripeEvent) -> Effect:
        fetch_seq = await self.inbox.next_fetch_seq()
        current = await self.stripe.retrieve("credit_note", text(event.object, "id") or "")
        seen = FetchVersion(fetch_seq, as_of=None if current else event.created)
        return partial(credit, note=read_credit_note(current or event.object), seen=seen)


async def _apply_subscription(
    records: BillingRecords, account_id: UUID, _: StripeObject, *, current: StripeObject, seen: FetchVersion
) -> None:
    """`current` is applied; the event's own object only names the account."""
    await records.save_subscription(account_id, read_subscription(current, await records.catalogue()), seen)
