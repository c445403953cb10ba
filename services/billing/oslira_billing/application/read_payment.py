"""Read a payment that is not recorded: its account, and the credits that it pays for."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from oslira_billing.application.money_ports import MoneyLists
from oslira_billing.application.ports import Inbox, StripeObjects
from oslira_billing.application.whole_invoice import whole_invoice
from oslira_billing.domain.accounts import names_us, owner_of
from oslira_billing.domain.errors import AccountUnknownError, EventRefusedError
from oslira_billing.domain.fields import StripeObject, number, reference, text
from oslira_billing.domain.mismatch import PAYMENT_NOT_UNDERSTOOD, Mismatch, Payment, not_recorded
from oslira_billing.domain.money_facts import REFUND_WITHOUT_REVERSAL
from oslira_billing.domain.purchase import Purchase, ReadInvoice, purchase_of_session


@dataclass(frozen=True, slots=True)
class ReadPayment:
    """`object_`: the invoice or the checkout session, as Stripe has it."""

    inbox: Inbox
    stripe: StripeObjects
    lists: MoneyLists

    async def account_of(self, object_: StripeObject) -> UUID | None:
        """Its account; None for another product's. Raises EventRefusedError where names contradict each other."""
        customer_id = reference(object_, "customer")
        async with self.inbox.records() as records:
            stored = await records.account_of(customer_id) if customer_id else None
        try:
            return owner_of(object_, stored)
        except AccountUnknownError:
            return None

    @staticmethod
    def payment(object_: StripeObject) -> Payment:
        """What was paid by card; the part that the customer's balance paid is not included."""
        field = "amount_paid" if text(object_, "object") == "invoice" else "amount_total"
        return Payment(
            text(object_, "id") or "", number(object_, field) or 0, text(object_, "currency") or ""
        )

    async def not_recorded(self, object_: StripeObject) -> Sequence[Mismatch]:
        """Empty if it pays for no credits, belongs to another product, or was fully refunded."""
        account_id: UUID | None = None
        try:
            account_id = await self.account_of(object_)
            expected = await self._expected(object_, account_id) if account_id else []
        except EventRefusedError as refusal:
            async with self.inbox.records() as records:
                is_ours = names_us(object_, await records.catalogue())
            if account_id is None and not is_ours:
                return []
            return [self._not_understood(object_, account_id, str(refusal))]
        if account_id is None or not any(one.total_credits or one.returned_credits for one in expected):
            return []
        payment = self.payment(object_)
        if 0 < payment.cash_minor <= await self.lists.refunded_minor(object_):
            return []
        return [not_recorded(payment, account_id, expected)]

    async def unknown_charge(self, charge: StripeObject, reason: str) -> Sequence[Mismatch]:
        """A charge was reversed, and no record says what it had paid for: a mismatch if the customer is ours."""
        try:
            account_id = await self.account_of(charge)
        except EventRefusedError:
            account_id = None
        if account_id is None:
            return []
        charge_id = text(charge, "id") or ""
        return [
            Mismatch(
                kind=REFUND_WITHOUT_REVERSAL,
                stripe_id=charge_id,
                purchase_id=None,
                account_id=account_id,
                detail=f"money of charge {charge_id} went back or is disputed; {reason}",
                stripe_minor=number(charge, "amount_refunded"),
                currency=text(charge, "currency") or "",
            )
        ]

    async def _expected(self, object_: StripeObject, account_id: UUID) -> Sequence[Purchase]:
        if text(object_, "object") != "invoice":
            items = await self.stripe.items_of(text(object_, "id") or "")
            async with self.inbox.records() as records:
                bought = purchase_of_session(object_, await records.catalogue(), items or ())
            return [bought] if bought is not None else []
        invoice, anchor = await whole_invoice(self.stripe, object_)
        trial_key = f"trial:{account_id}"
        async with self.inbox.records() as records:
            known = await records.purchases.subscriptions_of(account_id)
            return ReadInvoice(await records.catalogue(), trial_key=trial_key, anchor=anchor, known=known)(
                invoice
            )

    def _not_understood(self, object_: StripeObject, account_id: UUID | None, reason: str) -> Mismatch:
        payment = self.payment(object_)
        return Mismatch(
            kind=PAYMENT_NOT_UNDERSTOOD,
            stripe_id=payment.id,
            purchase_id=payment.id,
            account_id=account_id,
            detail=reason,
            stripe_minor=payment.cash_minor,
            currency=payment.currency,
        )
