"""A customer who pays at the Stripe simulator, and billing's use cases, which receive the events if a test wants."""

import json
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import stripe_samples as samples
from oslira_billing.application.apply_event import ApplyEvent
from oslira_billing.application.ports import Inbox, StripeObjects
from oslira_billing.domain.event import parse_event

PACK_MINOR, MONTH_MINOR = 900, 2_900


class NoPublisher:
    """Implements Publisher."""

    async def subscription_changed(self, row_id: UUID, account_id: UUID) -> None:
        del row_id, account_id


@dataclass
class StripeShop:
    """`now_s`: when everything happens. `simulators`: where Stripe's objects are put."""

    simulators: Any
    inbox: Inbox
    stripe: StripeObjects
    now_s: int
    account_id: UUID = field(default_factory=uuid4)
    _count: int = 0

    @property
    def customer(self) -> str:
        return f"cus_{self.account_id}"

    @property
    def subscription(self) -> str:
        return f"sub_{self.account_id}"

    async def happen(self, kind: str, described: dict[str, Any], *, is_heard: bool = True) -> dict[str, Any]:
        """At Stripe; and applied here, if `is_heard`. Returns the event."""
        event = samples.event(kind, described | {"created": self.now_s}, created=self.now_s)
        await self.simulators.add_stripe_object(event)
        if is_heard:
            await self.hear(event)
        return event

    async def hear(self, event: dict[str, Any]) -> None:
        row_id = await self.inbox.store(parse_event(event), json.dumps(event))
        if row_id is not None:
            await ApplyEvent(self.inbox, self.stripe, NoPublisher())(row_id)

    def _name(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}_{self._count}_{self.account_id.hex}"

    async def charge(self, payment: str, amount: int, *, refunded: int = 0) -> dict[str, Any]:
        made = samples.charge(
            payment=payment,
            charge_id=payment.replace("pi_", "ch_"),
            customer=self.customer,
            amount=amount,
            refunded=refunded,
        )
        await self.simulators.add_stripe_object(made | {"created": self.now_s})
        return made

    async def pay_month(
        self, *, is_heard: bool = True, price: str = "price_growth", amount: int = MONTH_MINOR
    ) -> tuple[str, str]:
        """A month of a plan, by card; of 0: a trial's. (the invoice's id, the charge's)."""
        line = samples.line(None, price=price, amount=amount)
        made = samples.invoice(
            line,
            customer=self.customer,
            subscription=self.subscription,
            invoice_id=self._name("in"),
            account_id=str(self.account_id),
        )
        payment = self._name("pi")
        charge = await self.charge(payment, MONTH_MINOR)
        paid = samples.invoice_payment(payment, made["id"])
        await self.happen("invoice_payment.paid", paid, is_heard=is_heard)
        await self.happen("invoice.paid", made, is_heard=is_heard)
        return made["id"], charge["id"]

    async def pay_pack(self, *, is_heard: bool = True, **changes: Any) -> tuple[str, str]:
        """A pack of 100. (the session's id, the charge's)."""
        payment = self._name("pi")
        charge = await self.charge(payment, PACK_MINOR)
        names = {"pack": "pack_100", "account_id": str(self.account_id)}
        sold = samples.session(customer=self.customer, payment=payment, amount=PACK_MINOR, **names)
        sold |= {"id": self._name("cs_test"), **changes}
        await self.happen("checkout.session.completed", sold, is_heard=is_heard)
        return sold["id"], charge["id"]

    async def refund(self, charge_id: str, amount: int, of: int, *, is_heard: bool = True) -> None:
        await self.charge(charge_id.replace("ch_", "pi_"), of, refunded=amount)
        made = samples.refund(charge_id=charge_id) | {"id": self._name("re")}
        await self.happen("refund.created", made, is_heard=is_heard)

    async def dispute(self, charge_id: str, state: str, amount: int, *, is_heard: bool = True) -> str:
        payment = charge_id.replace("ch_", "pi_")
        made = samples.dispute(charge_id=charge_id, payment=payment, status=state, amount=amount)
        await self.happen("charge.dispute.updated", made, is_heard=is_heard)
        return made["id"]

    async def note(self, invoice_id: str, amount: int, *, is_heard: bool = True) -> str:
        made = samples.credit_note(invoice_id, amount=amount, customer=self.customer)
        await self.happen("credit_note.created", made, is_heard=is_heard)
        return made["id"]
