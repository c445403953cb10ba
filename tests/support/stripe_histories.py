"""Three months of an account at Stripe: the events, and their result by a model that is independent of our code."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID, uuid4

import stripe_samples as samples

_START_S: Final = 1_782_864_000  # 2026-07-01
_DAY_S: Final = 86_400
_MONTH_S: Final = 30 * _DAY_S
_PLANS: Final = {"growth": 250, "pro": 1_500}
_PACKS: Final = {"pack_100": 100, "pack_500": 500, "pack_2000": 2_000}
PRICES: Final[dict[str, dict[str, str]]] = {
    **{f"price_{plan}": {"plan": plan, "interval": "month"} for plan in _PLANS},
    "price_year": {"plan": "pro", "interval": "year"},
}


@dataclass(frozen=True)
class Outcome:
    """The expected records. `subscription`: plan, state, whether it ends with its period, period start."""

    granted: dict[str, int]
    available: int
    frozen: int
    subscription: tuple[str, str, bool, int]
    interval: str


@dataclass
class Story:
    """`events` in the order in which they happened; `objects`: what Stripe also knows, without an event."""

    number: int
    account_id: UUID = field(default_factory=uuid4)
    events: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    objects: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    granted: dict[str, int] = field(default_factory=dict[str, int])
    taken: dict[str, int] = field(default_factory=dict[str, int])
    frozen: set[str] = field(default_factory=set[str])
    clock_s: int = _START_S

    def __post_init__(self) -> None:
        self.mark = self.account_id.hex[:12]
        self.customer, self.subscription_id = f"cus_{self.mark}", f"sub_{self.mark}"
        self._is_yearly = self.number % 4 == 3
        self._tell()

    def outcome(self) -> Outcome:
        left = {key: amount - self.taken.get(key, 0) for key, amount in self.granted.items()}
        return Outcome(
            granted=self.granted,
            available=sum(amount for key, amount in left.items() if key not in self.frozen),
            frozen=sum(amount for key, amount in left.items() if key in self.frozen),
            subscription=self._last,
            interval="year" if self._is_yearly else "month",
        )

    def _tell(self) -> None:
        self._begin()
        if self._is_yearly:
            self._subscribed("updated", "pro", status="active", month=0, is_ending=True)
            self._pack("pack_500", price=1_000, refunded=(250, 400))
            return
        self._pack("pack_500", price=1_000, refunded=(250, 400))
        self._upgrade()
        self._pack("pack_100", price=300, is_slow=True, fails=self.number % 2 == 1)
        self._second_month()
        self._pack("pack_2000", price=4_000, refunded=(4_000,))
        self._third_month()

    def _begin(self) -> None:
        plan = "pro" if self._is_yearly else "growth"
        session = samples.session(
            customer=self.customer, mode="subscription", account_id=str(self.account_id)
        )
        self._happened("checkout.session.completed", session)
        self._subscribed("created", plan, status="active", month=0)
        price = "price_year" if self._is_yearly else f"price_{plan}"
        self._invoice(
            "first", samples.line(None, price=price, start_s=_START_S), reason="subscription_create"
        )
        self.granted[self._period(0)] = _PLANS[plan]

    def _upgrade(self) -> None:
        """In mid-period: the difference, which is refunded later."""
        self._subscribed("updated", "pro", status="active", month=0)
        lines = (
            samples.line(None, price="price_growth", amount=-500, proration=True),
            samples.line(None, price="price_pro", amount=1_500, proration=True),
        )
        invoice = self._invoice("upgrade", *lines, reason="subscription_update")
        key = f"invoice:{invoice['id']}"
        self.granted[key] = _PLANS["pro"] - _PLANS["growth"]
        self._refund("upgrade", amount=1_000, refunded=1_000)
        self.taken[key] = self.granted[key]

    def _second_month(self) -> None:
        """Renewed, then disputed: won, lost, or open until the end."""
        self._cycle(1)
        self.objects.append(self._charge("cycle1", amount=2_000, refunded=0))
        states = (("needs_response", "won"), ("needs_response", "lost"), ("needs_response", "under_review"))
        for state in states[self.number % 3]:
            what = {"needs_response": "created", "won": "closed", "lost": "closed"}.get(state, "updated")
            charge_id, payment = f"ch_cycle1_{self.mark}", f"pi_cycle1_{self.mark}"
            dispute = samples.dispute(charge_id=charge_id, payment=payment, status=state)
            self._happened(f"charge.dispute.{what}", dispute)
        if self.number % 3 == 1:
            self.taken[self._period(1)] = self.granted[self._period(1)]
        elif self.number % 3 == 2:
            self.frozen.add(self._period(1))

    def _third_month(self) -> None:
        """Paid late; then it ends, is set to end, or is downgraded."""
        due = samples.line(None, price="price_pro", start_s=_START_S + 2 * _MONTH_S)
        names: dict[str, Any] = {"customer": self.customer, "subscription": self.subscription_id}
        open_invoice = samples.invoice(due, invoice_id=f"in_cycle2_{self.mark}", **names)
        open_invoice |= {"status": "open", "hosted_invoice_url": "https://invoice.example/1"}
        self._happened("invoice.payment_failed", open_invoice)
        self._happened("invoice.payment_action_required", open_invoice)
        self._subscribed("updated", "pro", status="past_due", month=2)
        self._cycle(2)
        if self.number % 3 == 0:
            self._subscribed("updated", "pro", status="active", month=2, is_ending=True)
            self._subscribed("deleted", "pro", status="canceled", month=2, is_ending=True)
        elif self.number % 3 == 1:
            self._subscribed("updated", "pro", status="active", month=2, is_ending=True)
        else:
            self._subscribed("updated", "growth", status="active", month=2)

    def _cycle(self, month: int) -> None:
        line = samples.line(None, price="price_pro", start_s=_START_S + month * _MONTH_S)
        self._invoice(f"cycle{month}", line, reason="subscription_cycle")
        self._subscribed("updated", "pro", status="active", month=month)
        self.granted[self._period(month)] = _PLANS["pro"]

    def _pack(
        self,
        pack: str,
        *,
        price: int,
        refunded: tuple[int, ...] = (),
        is_slow: bool = False,
        fails: bool = False,
    ) -> None:
        sold = samples.session(
            customer=self.customer, payment=f"pi_{pack}_{self.mark}", amount=price, pack=pack
        )
        if is_slow:
            self._happened("checkout.session.completed", {**sold, "payment_status": "unpaid"})
        if fails:
            self._happened("checkout.session.async_payment_failed", {**sold, "payment_status": "unpaid"})
            return
        kind = "async_payment_succeeded" if is_slow else "completed"
        self._happened(f"checkout.session.{kind}", sold)
        key = f"session:{sold['id']}"
        self.granted[key] = _PACKS[pack]
        for part in refunded:
            self._refund(pack, amount=price, refunded=part)
            self.taken[key] = _PACKS[pack] * part // price

    def _refund(self, name: str, *, amount: int, refunded: int) -> None:
        charge = self._charge(name, amount=amount, refunded=refunded)
        self._happened("charge.refunded", charge)
        self._happened(
            "refund.created",
            samples.refund(charge_id=charge["id"]) | {"id": f"re_{name}_{refunded}_{self.mark}"},
        )

    def _charge(self, name: str, *, amount: int, refunded: int) -> dict[str, Any]:
        ids = {
            "payment": f"pi_{name}_{self.mark}",
            "charge_id": f"ch_{name}_{self.mark}",
            "customer": self.customer,
        }
        return samples.charge(amount=amount, refunded=refunded, **ids)

    def _invoice(self, name: str, *lines: dict[str, Any], reason: str) -> dict[str, Any]:
        names: dict[str, Any] = {"customer": self.customer, "subscription": self.subscription_id}
        invoice = samples.invoice(*lines, reason=reason, invoice_id=f"in_{name}_{self.mark}", **names)
        for kind in ("paid", "payment_succeeded"):
            self._happened(f"invoice.{kind}", invoice)
        self._happened(
            "invoice_payment.paid", samples.invoice_payment(f"pi_{name}_{self.mark}", invoice["id"])
        )
        return invoice

    def _subscribed(self, what: str, plan: str, *, status: str, month: int, is_ending: bool = False) -> None:
        price = "price_year" if self._is_yearly else f"price_{plan}"
        described = samples.subscription(
            subscription_id=self.subscription_id, status=status, customer=self.customer, price=price
        )
        starts_s = _START_S + month * _MONTH_S
        item = described["items"]["data"][0]
        item |= {"current_period_start": starts_s, "current_period_end": starts_s + _MONTH_S}
        described["cancel_at_period_end"] = is_ending
        self._happened(f"customer.subscription.{what}", described)
        self._last = (plan, status, is_ending, starts_s)

    def _period(self, month: int) -> str:
        return f"sub:{self.subscription_id}:{_START_S + month * _MONTH_S}"

    def _happened(self, kind: str, described: dict[str, Any]) -> None:
        self.clock_s += 60
        self.events.append(samples.event(kind, described, created=self.clock_s))


def known_to_stripe(stories: list[Story]) -> Iterator[dict[str, Any]]:
    """In the order in which it happened, so that the last state of each object is what Stripe has now."""
    for story in stories:
        yield from story.objects
        yield from story.events
