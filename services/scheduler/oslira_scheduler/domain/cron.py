"""Five-field cron expressions, in UTC, searched backwards for the last slot.

Fields as in crontab(5): minute, hour, day of month, month, day of week (0 and 7 are Sunday); `*`, `a`, `a-b`,
`a,b` and `/step`.
When both day fields are restricted, a day that matches either one matches.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import chain
from typing import Final

# 29 February is eight years apart around a century that is not a leap year.
_LOOK_BACK_DAYS: Final = 8 * 366
_BOUNDS: Final = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_NAMES: Final = ("minute", "hour", "day of month", "month", "day of week")


@dataclass(frozen=True, slots=True)
class Cron:
    """A parsed expression. Times of day are descending: the search runs backwards."""

    times: tuple[time, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either_day: bool

    @classmethod
    def parse(cls, expression: str) -> "Cron":
        """Raises ValueError, naming the field, for anything that isn't a five-field expression."""
        fields = expression.split()
        if len(fields) != len(_NAMES):
            raise ValueError(f"a cron expression has five fields, {expression!r} has {len(fields)}")
        minutes, hours, days, months, weekdays = (
            _field(text, low, high, name)
            for text, (low, high), name in zip(fields, _BOUNDS, _NAMES, strict=True)
        )
        times = sorted((time(hour, minute, tzinfo=UTC) for hour in hours for minute in minutes), reverse=True)
        return cls(
            times=tuple(times),
            days=days,
            months=months,
            weekdays=frozenset(day % 7 for day in weekdays),
            either_day=not (fields[2].startswith("*") or fields[4].startswith("*")),
        )

    def latest(self, at: datetime) -> datetime:
        """The newest slot that is not after `at` (aware). Raises ValueError if there is none (30 February)."""
        at = at.astimezone(UTC)
        for back in range(_LOOK_BACK_DAYS + 1):
            day = (at - timedelta(days=back)).date()
            if not self._fits(day.day, day.month, day.isoweekday() % 7):
                continue
            for moment in self.times:
                slot = datetime.combine(day, moment)
                if slot <= at:
                    return slot
        raise ValueError("this expression names no day of the calendar")

    def _fits(self, day: int, month: int, weekday: int) -> bool:
        if month not in self.months:
            return False
        by_date, by_weekday = day in self.days, weekday in self.weekdays
        return by_date or by_weekday if self.either_day else by_date and by_weekday


def _field(text: str, low: int, high: int, name: str) -> frozenset[int]:
    try:
        values = frozenset(chain.from_iterable(_range(part, low, high) for part in text.split(",")))
    except ValueError as error:
        raise ValueError(f"{name} {text!r}: {error}") from error
    if not values <= frozenset(range(low, high + 1)):
        raise ValueError(f"{name} {text!r}: outside {low}-{high}")
    return values


def _range(part: str, low: int, high: int) -> range:
    span, _, step = part.partition("/")
    if span == "*":
        first, last = low, high
    else:
        start, dash, end = span.partition("-")
        # crontab(5): `5/10` runs from 5 to the end of the field
        first, last = int(start), int(end) if dash else high if step else int(start)
    if last < first:
        raise ValueError(f"{first}-{last} runs backwards")
    return range(first, last + 1, int(step) if step else 1)
