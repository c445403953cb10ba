"""Months of a subscription, counted from its anchor: one of the 31st begins on the last day of shorter months."""

from calendar import monthrange
from datetime import datetime
from fractions import Fraction
from typing import Final

_MONTHS_A_YEAR: Final = 12


def month_after(anchor: datetime, months: int) -> datetime:
    """`anchor` moved by so many months (UTC), on the month's last day where it has no such day."""
    year, month = divmod(anchor.year * _MONTHS_A_YEAR + anchor.month - 1 + months, _MONTHS_A_YEAR)
    return anchor.replace(year=year, month=month + 1, day=min(anchor.day, monthrange(year, month + 1)[1]))


def months_between(earlier: datetime, later: datetime) -> int:
    """Calendar months between two times; days are ignored."""
    return (later.year - earlier.year) * _MONTHS_A_YEAR + later.month - earlier.month


def months_until(end: datetime, months: int, *, anchor: datetime | None) -> list[datetime]:
    """The start of each month of a billing period of so many months, and its `end`.

    Stripe counts from the subscription's `anchor`, which `end` does not determine for days after the 28th.
    """
    if anchor is not None:
        to_end = months_between(anchor, end)
        if month_after(anchor, to_end) == end:
            return [month_after(anchor, to_end - number) for number in range(months, -1, -1)]
    return [month_after(end, -number) for number in range(months, -1, -1)]


def parts(start: datetime, end: datetime, months: int, *, anchor: datetime | None) -> tuple[Fraction, int]:
    """The part of a billing period of `months` until `end` that [start, end) covers: (share of its current month, later months)."""
    begins = months_until(end, months, anchor=anchor)
    number = next(n for n in range(1, months + 1) if n == months or start < begins[n])
    return Fraction(
        _seconds(start, begins[number]), _seconds(begins[number - 1], begins[number])
    ), months - number


def _seconds(start: datetime, end: datetime) -> int:
    return round((end - start).total_seconds())
