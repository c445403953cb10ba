"""A year of a customer at Stripe: their actions, the objects and events, and what they paid for."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import stripe_samples as samples
from credit_model import Bill, Subscribed, Time, months_on
from stripe_objects import AtStripe, Paid
from stripe_plans import (
    BEGIN,
    CREDITS,
    END,
    PACKS,
    Act,
    Start,
    Subscription,
    month_starts,
    months_between,
)


@dataclass
class Year(AtStripe):
    """What a customer does after their start; `after_closing`: what is paid after the account was deleted."""

    start: Start
    acts: Sequence[Act]
    closed_at: datetime | None = None
    after_closing: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def __post_init__(self) -> None:
        super().__post_init__()
        self._now = BEGIN + timedelta(days=self.start.day, seconds=self.start.second_of_day)
        self._dice = random.Random(self.start.second_of_day)
        self._addon, self._declines = False, 0
        self._link()
        self._sub = self._subscribe(self.start)
        self._live()

    @property
    def refused(self) -> int:
        """Events that were paid after the account was deleted: each ends dead, so that an operator can refund it."""
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
            sub.ends = months_on(sub.anchor, months_between(sub.anchor, sub.begins) + sub.months)
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
        whole = Time(sub.rate(), at, month_starts(sub, at))
        self._invoice(sub, lines, Bill(at, [whole], [], 0, extra), reason=reason)

    def _change_to(self, sub: Subscription, plan: str, quantity: int) -> None:
        at = self._now
        share = (sub.ends - at) / (sub.ends - sub.begins)
        old = self._line(sub, -round(sub.minor() * share), at, sub.ends, proration=True)
        given = Time(-sub.rate(), at, month_starts(sub, at))
        sub.plan, sub.quantity = plan, quantity
        new = self._line(sub, round(sub.minor() * share), at, sub.ends, proration=True)
        gets = Time(sub.rate(), at, month_starts(sub, at))
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
        """Changes to yearly: the rest of the month is credited."""
        del act
        sub, at = self._sub, self._now
        # If a period began on the 29th to 31st, Stripe's new anchor no longer shows it (decision 51).
        if not self._can_change() or sub.interval == "year" or sub.anchor.day > 28:
            return
        share = (sub.ends - at) / (sub.ends - sub.begins)
        back = self._line(sub, -round(sub.minor() * share), at, sub.ends, proration=True)
        given = Time(-sub.rate(), at, month_starts(sub, at))
        sub.interval, sub.anchor, sub.begins, sub.ends = "year", at, at, months_on(at, 12)
        whole = Time(sub.rate(), at, month_starts(sub, at))
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
        given = Time(-sub.rate(), at, month_starts(sub, at))
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
