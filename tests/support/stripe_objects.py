"""A simulated customer's objects and events at Stripe in several API versions, and their bills for the model."""

import random
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

import stripe_samples as samples
from credit_model import Account, Bill
from stripe_plans import BEGIN, Act, Subscription

_VERSIONS: Final = ("2026-10-28.endive", "2026-10-28.endive", "2024-06-20", "2022-11-15")


@dataclass
class Paid:
    """A paid invoice or pack, and the bill that the model has of it."""

    id: str
    bill: Bill
    cash_minor: int
    payment: str
    name: str
    has_gone_back: bool = False


@dataclass
class AtStripe:
    """`events`: in the order in which they happened. `objects`: the newest state of each that Stripe knows."""

    account_id: UUID = field(default_factory=uuid4, kw_only=True)
    model: Account = field(default_factory=Account, kw_only=True)
    events: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]], kw_only=True)
    objects: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]], kw_only=True)

    def __post_init__(self) -> None:
        self.mark = self.account_id.hex[:12]
        self.customer = f"cus_{self.mark}"
        self._count, self._balance_minor = 0, 0
        self._paid: list[Paid] = []
        self._now = BEGIN
        self._dice = random.Random(0)

    def _refundable(self, act: Act) -> Paid | None:
        found = [paid for paid in self._paid if paid.cash_minor > 0 and not paid.has_gone_back]
        if not found:
            return None
        chosen = found[act.first % len(found)]
        chosen.has_gone_back = True
        return chosen

    def _charge(self, paid: Paid, *, refunded: int = 0) -> dict[str, Any]:
        ids: dict[str, Any] = {
            "payment": paid.payment,
            "charge_id": f"ch_{paid.name}",
            "customer": self.customer,
        }
        return samples.charge(amount=paid.cash_minor, refunded=refunded, **ids)

    def _line(
        self, sub: Subscription, amount: int, begin: datetime, end: datetime, **changes: Any
    ) -> dict[str, Any]:
        times = {"start_s": int(begin.timestamp()), "end_s": int(end.timestamp())}
        changes = {"price": sub.price(sub.started), "quantity": sub.quantity, **changes}
        line = samples.line(None, amount=amount, **times, **changes)
        line["parent"]["subscription_item_details"]["subscription"] = sub.id
        return line

    def _invoice(self, sub: Subscription, lines: list[dict[str, Any]], bill: Bill, *, reason: str) -> None:
        self._count += 1
        total = sum(line["amount"] for line in lines)
        used = min(self._balance_minor, max(0, total))
        self._balance_minor += -used - min(0, total)
        invoice = samples.invoice(
            *lines,
            customer=self.customer,
            subscription=sub.id,
            reason=reason,
            invoice_id=f"in_{self.mark}_{self._count}",
            created=int(bill.at.timestamp()),
            from_balance=used,
        )
        bill.worth_minor = max(0, total)
        self.model.subscriptions[sub.id].bills.append(bill)
        self._happened("invoice.paid", invoice)
        self._happened("invoice.payment_succeeded", invoice)
        name = f"{self.mark}_{self._count}"
        if invoice["amount_paid"]:
            payment = f"pi_{name}"
            self._happened("invoice_payment.paid", samples.invoice_payment(payment, invoice["id"]))
            self._paid.append(Paid(invoice["id"], bill, invoice["amount_paid"], payment, name))

    def _tell(self, sub: Subscription, what: str) -> None:
        described = samples.subscription(
            subscription_id=sub.id, status=sub.status, customer=self.customer, price=sub.price(sub.started)
        )
        described |= {"billing_cycle_anchor": int(sub.anchor.timestamp())}
        described["items"]["data"][0] |= {
            "quantity": sub.quantity,
            "current_period_start": int(sub.begins.timestamp()),
            "current_period_end": int(sub.ends.timestamp()),
        }
        self._happened(f"customer.subscription.{what}", described)

    def _link(self) -> None:
        named = samples.session(customer=self.customer, mode="subscription", account_id=str(self.account_id))
        self._happened("checkout.session.completed", named)

    def _put(self, described: dict[str, Any]) -> None:
        self.objects[described["id"]] = described

    def _happened(self, kind: str, described: dict[str, Any]) -> None:
        self._put(described)
        version = self._dice.choice(_VERSIONS)
        shown = described
        if version != _VERSIONS[0]:
            # In another version the fields that we read are elsewhere.
            shown = {name: described[name] for name in ("id", "object", "customer") if name in described}
        elif len((described.get("lines") or {}).get("data", [])) > 10:
            lines = described["lines"]
            shown = {**described, "lines": {**lines, "data": lines["data"][:10], "has_more": True}}
        moment = int(self._now.timestamp())
        self.events.append(samples.event(kind, shown, created=moment, api_version=version))
