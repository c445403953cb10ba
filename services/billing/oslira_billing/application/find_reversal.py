"""What goes back and what it bought, asked of Stripe and of our own books before the event's transaction begins."""

from dataclasses import dataclass
from typing import Final

from oslira_billing.application.ports import Inbox, StripeObjects
from oslira_billing.application.sighting import Sighting
from oslira_billing.domain.catalogue import Catalogue
from oslira_billing.domain.errors import EventRefusedError, NotYetError
from oslira_billing.domain.event import StripeEvent
from oslira_billing.domain.fields import StripeObject, number, reference, text
from oslira_billing.domain.grants import (
    grant_of_invoice,
    grant_of_session,
    months_of_invoice,
    subscription_of,
)
from oslira_billing.domain.reversal import Charge, Dispute, Purchase, read_charge, read_dispute

_KINDS: Final = ("charge.refunded", "refund.", "charge.dispute.")


@dataclass(frozen=True, slots=True)
class Found:
    """`papers` say whose it is. A charge that Stripe can't show, but that was seen before, is None here."""

    charge_id: str
    charge: Charge | None
    charge_seen: Sighting
    purchase: Purchase | None
    dispute: Dispute | None
    dispute_seen: Sighting
    papers: tuple[StripeObject, ...]


def is_reversal(kind: str) -> bool:
    """Whether an event of this type is about money that goes back."""
    return kind.startswith(_KINDS)


@dataclass(frozen=True, slots=True)
class FindReversal:
    """Raises NotYetError while something is missing, OsliraError when Stripe can't be asked."""

    inbox: Inbox
    stripe: StripeObjects

    async def __call__(self, event: StripeEvent) -> Found:
        """Events come in no order, so each makes us look at the charge as it is now."""
        now = Sighting(await self.inbox.next_fetch_seq())
        snapshot = Sighting(now.fetch_seq, as_of=event.created)
        dispute, dispute_seen = None, now
        if event.type.startswith("charge.dispute."):
            current = await self.stripe.dispute(text(event.object, "id") or "")
            dispute = read_dispute(current or event.object)
            dispute_seen = now if current else snapshot
        is_charge = event.type == "charge.refunded"
        charge_id = reference(event.object, "id" if is_charge else "charge")
        if charge_id is None:
            raise EventRefusedError("charge_malformed", "the event names no charge")
        fetched = await self.stripe.charge(charge_id)
        described = fetched or (event.object if is_charge else None)
        if described is None:
            paper = await self._seen_before(charge_id)
            return Found(charge_id, None, now, None, dispute, dispute_seen, (paper,))
        charge = read_charge(described)
        purchase = await self._purchase(charge)
        return Found(
            charge_id,
            charge,
            now if fetched else snapshot,
            purchase,
            dispute,
            dispute_seen,
            (described, purchase.paper),
        )

    async def _seen_before(self, charge_id: str) -> StripeObject:
        async with self.inbox.books() as books:
            account_id = await books.reversals.account_of_charge(charge_id)
        if account_id is None:
            raise NotYetError(f"charge_unknown: {charge_id}", waits_for=charge_id)
        return {"metadata": {"account_id": str(account_id)}}

    async def _purchase(self, charge: Charge) -> Purchase:
        """What the charge's payment paid: an invoice, by Stripe's InvoicePayment, or a pack's checkout."""
        payment = charge.payment_intent_id
        if payment is None:
            raise EventRefusedError("payment_unknown", f"charge {charge.id} names no payment")
        async with self.inbox.books() as books:
            catalogue = await books.catalogue()
            known = await books.reversals.purchases_of(payment)
            invoice_id = await books.reversals.invoice_of(payment)
        for purchase in known:
            if _is_of(purchase.paper, charge):
                return purchase
        by_invoice = await self._by_invoice(charge, payment, invoice_id, catalogue)
        if by_invoice is not None and (by_invoice.grant or subscription_of(by_invoice.paper)):
            return by_invoice
        # A pack's checkout may have made an invoice too, which names no pack.
        session = await self.stripe.session_paid_by(payment)
        if session is not None and _is_of(session, charge):
            grant = grant_of_session({**session, "payment_status": "paid"}, catalogue)
            return Purchase(grant, charge.amount_minor, session)
        if by_invoice is None:
            raise NotYetError(f"payment_unknown: nothing says what {payment} paid for", waits_for=payment)
        return by_invoice

    async def _by_invoice(
        self, charge: Charge, payment: str, invoice_id: str | None, catalogue: Catalogue
    ) -> Purchase | None:
        invoice_id = invoice_id or await self.stripe.invoice_paid_by(payment)
        if invoice_id is None:
            return None
        invoice = await self.stripe.invoice(invoice_id)
        if invoice is None:
            raise NotYetError(f"invoice_unknown: {invoice_id}", waits_for=invoice_id)
        # A charge may have paid a part of it only.
        price_minor = max(number(invoice, "amount_paid") or 0, charge.amount_minor)
        return Purchase(
            grant_of_invoice(invoice, catalogue), price_minor, invoice, months_of_invoice(invoice)
        )


def _is_of(paper: StripeObject, charge: Charge) -> bool:
    """A session costs what its charge is of, in its own currency; another amount is another purchase."""
    amount = number(paper, "amount_total")
    return amount is None or text(paper, "currency") != charge.currency or amount == charge.amount_minor
