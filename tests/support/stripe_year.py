"""A year of a customer at Stripe: what they do, the objects and events that Stripe makes of it, and what they paid for."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from credit_model import Account, Bill, Subscribed, Time, months_on
from oslira_billing import samples

BEGIN: Final = datetime(2026, 1, 1, tzinfo=UTC)
END: Final = datetime(2027, 1, 1, tzinfo=UTC)
CREDITS: Final = {"growth": 250, "pro": 1_500, "agency": 5_000}
PACKS: Final = {"pack_100": (100, 1_500), "pack_500": (500, 6_000)}
_MONTH_MINOR: Final = {"growth": 2_900, "pro": 9_900, "agency": 29_900}
_YEAR: Final = 10  # a year costs ten months
_VERSIONS: Final = ("2026-10-28.endive", "2026-10-28.endive", "2024-06-20", "2022-11-15")
_NEW_PRICES: Final = datetime(2026, 7, 1, tzinfo=UTC)


def prices() -> dict[str, dict[str, Any]]:
    """In the form of STRIPE_PRICES: each plan by month and year, at an older and a newer price."""
    plans = {
        f"price_{plan}_{interval}_{number}": {"plan": plan, "interval": interval}
        for plan in CREDITS
        for interval in ("month", "year")
        for number in (1, 2)
    }
    return plans | {"price_pack_100": {"pack": "pack_100"}, "price_service": {}}


@dataclass(frozen=True)
class Act:
    """Something that a customer, an operator or a bank does: `day` of the year, with two numbers to choose by."""

    kind: str
    day: int
    first: int
    second: int


@dataclass(frozen=True)
class Start:
    """How a customer begins."""

    day: int
    second_of_day: int
    plan: str
    interval: str
    quantity: int
    trial_days: int


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
class Subscription:
    """As it stands."""

    id: str
    plan: str
    interval: str
    quantity: int
    anchor: datetime
    begins: datetime
    ends: datetime
    status: str = "active"
    started: datetime = BEGIN

    @property
    def months(self) -> int:
        return 12 if self.interval == "year" else 1

    def rate(self) -> int:
        return CREDITS[self.plan] * self.quantity

    def minor(self) -> int:
        return _MONTH_MINOR[self.plan] * self.quantity * (_YEAR if self.interval == "year" else 1)

    def price(self, at: datetime) -> str:
        return f"price_{self.plan}_{self.interval}_{1 if at < _NEW_PRICES else 2}"


@dataclass
class Year:
    """`events`: in the order in which they happened. `objects`: the newest state of each that Stripe knows."""

    start: Start
    acts: Sequence[Act]
    account_id: UUID = field(default_factory=uuid4)
    model: Account = field(default_factory=Account)
    events: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    objects: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    closed_at: datetime | None = None
    after_closing: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def __post_init__(self) -> None:
        self.mark = self.account_id.hex[:12]
        self.customer = f"cus_{self.mark}"
        self._count, self._balance_minor = 0, 0
        self._paid: list[Paid] = []
        self._now = BEGIN + timedelta(days=self.start.day, seconds=self.start.second_of_day)
        self._dice = random.Random(self.start.second_of_day)
        self._addon, self._declines = False, 0
        self._link()
        self._sub = self._subscribe(self.start)
        self._live()

    @property
    def refused(self) -> int:
        """Events that were paid after the account was deleted: each ends dead, for somebody to give the money back."""
        return len(self.after_closing)

    # What happens.

    def _live(self) -> None:
        for act in sorted(self.acts, key=lambda act: act.day):
            self._renew_until(BEGIN + timedelta(days=act.day))
            if self.closed_at is not None:
                break
            self._now = max(
                self._now + timedelta(seconds=7), BEGIN + timedelta(days=act.day, seconds=act.second)
            )
            getattr(self, f"_{act.kind}")(act)
        if self.closed_at is None:
            self._renew_until(END)

    def _subscribe(self, start: Start) -> Subscription:
        self._count += 1
        at = self._now
        sub = Subscription(
            f"sub_{self.mark}_{self._count}",
            start.plan,
            start.interval,
            start.quantity,
            at,
            at,
            at,
            started=at,
        )
        self.model.subscriptions[sub.id] = Subscribed()
        if start.trial_days and start.interval == "month":
            sub.status, sub.anchor = "trialing", at + timedelta(days=start.trial_days)
            sub.ends = sub.anchor
            trial = self._line(sub, 0, at, sub.ends)
            self._invoice(sub, [trial], Bill(at, [], [], 0), reason="subscription_create")
            self.model.had_trial = True
        else:
            sub.ends = months_on(at, sub.months)
            self._period(sub, at, reason="subscription_create")
        self._tell(sub, "created")
        return sub

    def _renew_until(self, until: datetime) -> None:
        sub = self._sub
        while sub.status != "canceled" and sub.ends <= min(until, END - timedelta(seconds=1)):
            sub.begins, sub.status = sub.ends, "active"
            sub.ends = months_on(sub.anchor, _months_between(sub.anchor, sub.begins) + sub.months)
            self._now = sub.begins + timedelta(seconds=3_600)
            if self._declines:
                self._declines -= 1
                if not self._is_paid_late(sub):
                    return
            self._period(sub, sub.begins, reason="subscription_cycle")
            self._tell(sub, "updated")

    def _is_paid_late(self, sub: Subscription) -> bool:
        """The card is declined: paid some days later, or never."""
        sub.status = "past_due"
        self._tell(sub, "updated")
        if self._dice.random() < 0.3:
            sub.status = "canceled"
            self._tell(sub, "deleted")
            return False
        self._now += timedelta(days=self._dice.randrange(1, 20))
        sub.status = "active"
        return True

    def _period(self, sub: Subscription, at: datetime, *, reason: str) -> None:
        lines = [self._line(sub, sub.minor(), at, sub.ends)]
        extra = 0
        if self._addon:
            self._addon, extra = False, PACKS["pack_100"][0]
            moment = int(at.timestamp())
            lines.append(samples.one_off_line("price_pack_100", amount=PACKS["pack_100"][1], at_s=moment))
        if self._dice.random() < 0.1:  # more lines than an event carries
            lines = [*(self._line(sub, 100, at, sub.ends, price="price_service") for _ in range(11)), *lines]
        whole = Time(sub.rate(), at, _month_starts(sub, at))
        self._invoice(sub, lines, Bill(at, [whole], [], 0, extra), reason=reason)

    def _change_to(self, sub: Subscription, plan: str, quantity: int) -> None:
        at = self._now
        share = (sub.ends - at) / (sub.ends - sub.begins)
        old = self._line(sub, -round(sub.minor() * share), at, sub.ends, proration=True)
        given = Time(-sub.rate(), at, _month_starts(sub, at))
        sub.plan, sub.quantity = plan, quantity
        new = self._line(sub, round(sub.minor() * share), at, sub.ends, proration=True)
        gets = Time(sub.rate(), at, _month_starts(sub, at))
        self._invoice(sub, [old, new], Bill(at, [], [given, gets], 0), reason="subscription_update")
        self._tell(sub, "updated")

    def _can_change(self) -> bool:
        sub = self._sub
        return sub.status == "active" and self._now < sub.ends - timedelta(hours=1)

    def _change(self, act: Act) -> None:
        if self._can_change():
            plans = [plan for plan in CREDITS if plan != self._sub.plan]
            self._change_to(self._sub, plans[act.first % 2], self._sub.quantity)

    def _quantity(self, act: Act) -> None:
        if self._can_change():
            self._change_to(self._sub, self._sub.plan, 1 + act.first % 4)

    def _to_year(self, act: Act) -> None:
        """From now on by year: the rest of the month is given back."""
        del act
        sub, at = self._sub, self._now
        # Where a period of the 29th to 31st began, Stripe's new anchor no longer tells (decision 51).
        if not self._can_change() or sub.interval == "year" or sub.anchor.day > 28:
            return
        share = (sub.ends - at) / (sub.ends - sub.begins)
        back = self._line(sub, -round(sub.minor() * share), at, sub.ends, proration=True)
        given = Time(-sub.rate(), at, _month_starts(sub, at))
        sub.interval, sub.anchor, sub.begins, sub.ends = "year", at, at, months_on(at, 12)
        whole = Time(sub.rate(), at, _month_starts(sub, at))
        lines = [back, self._line(sub, sub.minor(), at, sub.ends)]
        self._invoice(sub, lines, Bill(at, [whole], [given], 0), reason="subscription_update")
        self._tell(sub, "updated")

    def _recreate(self, act: Act) -> None:
        """Cancelled at once with proration, and bought again."""
        sub, at = self._sub, self._now
        if not self._can_change():
            return
        share = (sub.ends - at) / (sub.ends - sub.begins)
        back = self._line(sub, -round(sub.minor() * share), at, sub.ends, proration=True)
        given = Time(-sub.rate(), at, _month_starts(sub, at))
        self._invoice(sub, [back], Bill(at, [], [given], 0), reason="manual")
        sub.status = "canceled"
        self._tell(sub, "deleted")
        self._now += timedelta(seconds=60)
        plan, interval = list(CREDITS)[act.first % 3], ("month", "year")[act.second % 2]
        self._sub = self._subscribe(Start(0, 0, plan, interval, 1 + act.second % 2, act.first % 2 * 14))

    def _add(self, act: Act) -> None:
        del act
        self._addon = True

    def _decline(self, act: Act) -> None:
        del act
        self._declines += 1

    def _pack(self, act: Act) -> None:
        pack = list(PACKS)[act.first % 2]
        credits_, minor = PACKS[pack]
        self._count += 1
        payment = f"pi_{self.mark}_{self._count}"
        sold = samples.session(customer=self.customer, payment=payment, amount=minor, pack=pack)
        sold |= {"id": f"cs_{self.mark}_{self._count}", "created": int(self._now.timestamp())}
        if act.second % 3 == 0:
            self._happened("checkout.session.completed", {**sold, "payment_status": "unpaid"})
            self._now += timedelta(hours=30)
            self._happened("checkout.session.async_payment_succeeded", sold)
        else:
            self._happened("checkout.session.completed", sold)
        bill = Bill(self._now, [], [], minor, credits_)
        self.model.packs.append(bill)
        self._paid.append(Paid(sold["id"], bill, minor, payment, f"{self.mark}_{self._count}"))

    def _refund(self, act: Act) -> None:
        """A part or the whole of what a card paid."""
        if (paid := self._refundable(act)) is None:
            return
        part = paid.cash_minor if act.second % 2 else max(1, paid.cash_minor * (act.second % 90 + 5) // 100)
        paid.bill.back_minor += part
        charge = self._charge(paid, refunded=part)
        self._happened("charge.refunded", charge)
        self._happened("refund.created", samples.refund(charge_id=charge["id"]) | {"id": f"re_{paid.name}"})

    def _dispute(self, act: Act) -> None:
        """Won, lost, or open until the year is over (a pack's)."""
        if (paid := self._refundable(act)) is None:
            return
        charge = self._charge(paid)
        self._put(charge)
        is_pack = paid.bill in self.model.packs
        ends = [("won",), ("lost",), ("under_review",) if is_pack else ("won",)][act.second % 3]
        for state in ("needs_response", *ends):
            self._now += timedelta(hours=1)
            dispute = samples.dispute(
                charge_id=charge["id"], payment=paid.payment, status=state, amount=paid.cash_minor
            )
            self._happened("charge.dispute.updated", dispute)
        if ends == ("lost",):
            paid.bill.back_minor += paid.cash_minor
        elif ends == ("under_review",):
            self.model.disputed.append(paid.bill)

    def _note(self, act: Act) -> None:
        """A credit note to the customer's balance."""
        if (paid := self._refundable(act)) is None or paid.bill in self.model.packs:
            return
        part = max(1, paid.cash_minor * (act.second % 100) // 100)
        paid.bill.back_minor += part
        self._balance_minor += part
        note = samples.credit_note(paid.id, amount=part, customer=self.customer) | {"id": f"cn_{paid.name}"}
        self._happened("credit_note.created", note)

    def _delete(self, act: Act) -> None:
        """The account is deleted; an open page is paid all the same."""
        del act
        self.closed_at = self._now
        late = samples.session(customer=self.customer, pack="pack_500", amount=6_000)
        self.after_closing.append(samples.event("checkout.session.completed", late))

    # What Stripe makes of it.

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


def _month_starts(sub: Subscription, at: datetime) -> list[datetime]:
    """Where the months begin from the one that `at` is in to the end of the period."""
    first = _months_between(sub.anchor, sub.begins)
    starts = [months_on(sub.anchor, first + number) for number in range(sub.months)]
    return [*[one for one in starts if one >= max(one for one in starts if one <= at)], sub.ends]


def _months_between(earlier: datetime, later: datetime) -> int:
    return (later.year - earlier.year) * 12 + later.month - earlier.month


# What customers, operators and banks do, by how often.
KINDS: Final = (
    *("change", "change", "quantity", "to_year", "recreate", "add", "decline", "decline"),
    *("pack", "refund", "refund", "dispute", "note"),
)


def at_random(seed: int) -> Year:
    """A year of a customer that keeps their account."""
    dice = random.Random(seed)
    start = Start(
        day=dice.randrange(28),
        second_of_day=dice.randrange(86_400),
        plan=dice.choice(list(CREDITS)),
        interval=dice.choice(["month", "month", "year"]),
        quantity=dice.choice([1, 1, 2, 3]),
        trial_days=dice.choice([0, 0, 7, 60]),
    )
    acts = [
        Act(dice.choice(KINDS), dice.randrange(28, 361), dice.randrange(1_000), dice.randrange(86_400))
        for _ in range(dice.randrange(16))
    ]
    return Year(start, acts)


def shuffled(year: Year, seed: int) -> Iterable[dict[str, Any]]:
    """All its events, some of them twice, in no order."""
    dice = random.Random(seed)
    events = year.events + dice.sample(year.events, len(year.events) // 3)
    dice.shuffle(events)
    return events
