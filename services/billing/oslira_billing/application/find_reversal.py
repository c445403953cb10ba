"""What is reversed and what it had paid for, read from Stripe and our records before the event's transaction begins."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from oslira_billing.application.fetch_version import FetchVersion
from oslira_billing.application.ports import Inbox, StripeObjects
from oslira_billing.domain.errors import EventRefusedError, NotYetError
from oslira_billing.domain.event import StripeEvent
from oslira_billing.domain.fields import StripeObject, at, number, reference, text
from oslira_billing.domain.lines import subscription_of
from oslira_billing.domain.reversal import Charge, Dispute, read_charge, read_dispute

_KINDS: Final = ("charge.refunded", "refund.", "charge.dispute.")


@dataclass(frozen=True, slots=True)
class Found:
    """`objects` name its account. A charge that Stripe lacks, but that was seen before, is None here."""

    charge_id: str
    charge: Charge | None
    charge_seen: FetchVersion
    purchase_id: str | None
    dispute: Dispute | None
    dispute_seen: FetchVersion
    objects: tuple[StripeObject, ...]


def is_reversal(kind: str) -> bool:
    """Whether an event of this type is about a charge that is reversed."""
    return kind.startswith(_KINDS)


@dataclass(frozen=True, slots=True)
class FindReversal:
    """Raises NotYetError while something is missing, OsliraError when Stripe is unavailable."""

    inbox: Inbox
    stripe: StripeObjects

    async def __call__(self, event: StripeEvent) -> Found:
        """Events arrive in any order, so the current charge is read for each."""
        now = FetchVersion(await self.inbox.next_fetch_seq())
        snapshot = FetchVersion(now.fetch_seq, as_of=event.created)
        dispute, dispute_seen = None, now
        if event.type.startswith("charge.dispute."):
            current = await self.stripe.retrieve("dispute", text(event.object, "id") or "")
            dispute = read_dispute(current or event.object)
            dispute_seen = now if current else snapshot
        is_charge = event.type == "charge.refunded"
        charge_id = reference(event.object, "id" if is_charge else "charge")
        if charge_id is None:
            raise EventRefusedError("charge_malformed", "the event names no charge")
        fetched = await self.stripe.retrieve("charge", charge_id)
        described = fetched or (event.object if is_charge else None)
        if described is None:
            account_id, purchase_id = await self._seen_before(charge_id)
            return Found(
                charge_id, None, now, purchase_id, dispute, dispute_seen, (_owner_object(account_id),)
            )
        charge = read_charge(described)
        purchase_id, object_ = await self.purchase_of(charge)
        return Found(
            charge_id,
            charge,
            now if fetched else snapshot,
            purchase_id,
            dispute,
            dispute_seen,
            (described, object_),
        )

    async def _seen_before(self, charge_id: str) -> tuple[UUID, str | None]:
        async with self.inbox.records() as records:
            found = await records.reversals.charge_of(charge_id)
        if found is None:
            raise NotYetError(f"charge_unknown: {charge_id}", waits_for=charge_id)
        return found

    async def purchase_of(self, charge: Charge) -> tuple[str, StripeObject]:
        """What the charge's payment paid: an invoice, by Stripe's InvoicePayment, or a pack's checkout. (id, its account)."""
        payment = charge.payment_intent_id
        if payment is None:
            raise EventRefusedError("payment_unknown", f"charge {charge.id} names no payment")
        async with self.inbox.records() as records:
            known = await records.purchases.paid_by(payment)
            invoice_id = await records.reversals.invoice_of(payment)
        for one in known:
            if _is_of(charge, one.amount_minor, one.currency):
                return one.id, _owner_object(one.account_id)
        invoice = await self._invoice(payment, invoice_id)
        if invoice is not None and (subscription_of(invoice) or at(invoice, "metadata", "pack")):
            return text(invoice, "id") or "", invoice
        # A pack's checkout may have made an invoice too, which names no pack.
        session = await self.stripe.session_paid_by(payment)
        if session is not None and _is_of(
            charge, number(session, "amount_total"), text(session, "currency") or ""
        ):
            return text(session, "id") or "", session
        if invoice is None:
            raise NotYetError(f"payment_unknown: no record says what {payment} paid for", waits_for=payment)
        return text(invoice, "id") or "", invoice

    async def _invoice(self, payment: str, invoice_id: str | None) -> StripeObject | None:
        invoice_id = invoice_id or await self.stripe.invoice_paid_by(payment)
        if invoice_id is None:
            return None
        invoice = await self.stripe.retrieve("invoice", invoice_id)
        if invoice is None:
            raise NotYetError(f"invoice_unknown: {invoice_id}", waits_for=invoice_id)
        return invoice


def _owner_object(account_id: UUID) -> StripeObject:
    return {"metadata": {"account_id": str(account_id)}}


def _is_of(charge: Charge, amount_minor: int | None, currency: str) -> bool:
    """A session's amount and currency equal its charge's; another amount is another purchase."""
    return amount_minor is None or currency != charge.currency or amount_minor == charge.amount_minor
