"""A model of credits that follow money: what an account should have, from what it paid, for which time, and what was refunded.

It knows rates, times and money; nothing of Stripe's objects, nor of billing's code.
"""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

TRIAL_CREDITS = 25


def months_on(begin: datetime, months: int) -> datetime:
    """That many months later; the last day of the month where there is no such day."""
    index = begin.year * 12 + begin.month - 1 + months
    last = monthrange(index // 12, index % 12 + 1)[1]
    return begin.replace(year=index // 12, month=index % 12 + 1, day=min(begin.day, last))


@dataclass(frozen=True)
class Time:
    """Paid at so many credits a month, from `begin` to the end of its last month; below 0: returned.

    `months`: the starts of its months, the first at or before `begin`, and the end of the last.
    """

    monthly_credits: int
    begin: datetime
    months: Sequence[datetime]

    @property
    def now(self) -> Fraction:
        """Credits of the current month: its share by time."""
        first, second = self.months[0], self.months[1]
        return self.monthly_credits * Fraction(_s(second - self.begin), _s(second - first))

    @property
    def later(self) -> int:
        """Credits of the months after that one."""
        return self.monthly_credits * (len(self.months) - 2)


@dataclass
class Bill:
    """One payment: whole periods, changes within one, and the money: `worth_minor` was paid for it, `back_minor` was refunded."""

    at: datetime
    periods: Sequence[Time]
    changes: Sequence[Time]
    worth_minor: int
    extra_credits: int = 0
    back_minor: int = 0

    @property
    def changed(self) -> int:
        """Credits of the changes in the month under way, to the nearest whole one."""
        return _nearest(sum((time.now for time in self.changes), Fraction(0)))

    @property
    def whole(self) -> int:
        """Credits of the periods that it begins."""
        return sum(time.monthly_credits for time in self.periods) + self.extra_credits

    def monthly(self, begins: datetime) -> int:
        """Credits of a later month; below 0 if it returns more than it gives."""
        times = (*self.periods, *self.changes)
        return sum(time.monthly_credits for time in times if begins in time.months[1:-1])

    def back(self) -> int:
        """Credits that are worth what was refunded."""
        if self.worth_minor == 0:
            return 0
        changes = sum((time.now + time.later for time in self.changes), Fraction(0))
        total = self.whole + sum(time.later for time in self.periods) + _nearest(changes)
        return max(0, total) * min(self.back_minor, self.worth_minor) // self.worth_minor


@dataclass
class Subscribed:
    """What one subscription's payments come to."""

    bills: list[Bill] = field(default_factory=list[Bill])

    def credits(self, until: datetime) -> int:
        """Granted and not revoked: a change returns at most what there was before it."""
        steps = [(bill.at, 2 * number + 1, bill.whole) for number, bill in enumerate(self.bills)]
        for number, bill in enumerate(self.bills):
            if bill.changes:
                steps.append((min(time.begin for time in bill.changes), 2 * number, bill.changed))
        to_come = [0 for _ in self.bills]
        for begins in self._months():
            left = max(0, sum(bill.monthly(begins) for bill in self.bills))
            if begins <= until:
                steps.append((begins, -1, left))
                continue
            for number, bill in enumerate(self.bills):
                share = min(left, max(0, bill.monthly(begins)))
                to_come[number] += share
                left -= share
        standing = 0
        for _, _, amount in sorted(steps):
            standing = max(0, standing + amount)
        # A refund takes future months first.
        back = (bill.back() - later for bill, later in zip(self.bills, to_come, strict=True))
        return max(0, standing - sum(max(0, one) for one in back))

    def _months(self) -> set[datetime]:
        times = [time for bill in self.bills for time in (*bill.periods, *bill.changes)]
        return {begins for time in times for begins in time.months[1:-1]}


@dataclass
class Account:
    """All payments of an account. `packs`: (credits, money, refunded money, whether that is disputed)."""

    subscriptions: dict[str, Subscribed] = field(default_factory=dict[str, Subscribed])
    packs: list[Bill] = field(default_factory=list[Bill])
    disputed: list[Bill] = field(default_factory=list[Bill])
    had_trial: bool = False

    def credits(self, until: datetime) -> tuple[int, int]:
        """(what can be spent, what is frozen)."""
        frozen = sum(bill.whole - bill.back() for bill in self.disputed)
        packs = sum(bill.whole - bill.back() for bill in self.packs)
        subscribed = sum(one.credits(until) for one in self.subscriptions.values())
        return subscribed + packs - frozen + (TRIAL_CREDITS if self.had_trial else 0), frozen


def _nearest(credits_: Fraction) -> int:
    whole = int(abs(credits_) + Fraction(1, 2))
    return whole if credits_ >= 0 else -whole


def _s(time: object) -> int:
    return round(time.total_seconds())  # type: ignore[attr-defined]
