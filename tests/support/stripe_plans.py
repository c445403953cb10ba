"""The prices of a simulated Stripe, and the current state of a subscription."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from credit_model import months_on

BEGIN: Final = datetime(2026, 1, 1, tzinfo=UTC)
END: Final = datetime(2027, 1, 1, tzinfo=UTC)
CREDITS: Final = {"growth": 250, "pro": 1_500, "agency": 5_000}
PACKS: Final = {"pack_100": (100, 1_500), "pack_500": (500, 6_000)}
_MONTH_MINOR: Final = {"growth": 2_900, "pro": 9_900, "agency": 29_900}
_YEAR: Final = 10  # a year costs ten months
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
    """An action of a customer, an operator or a bank: `day` of the year, with two numbers to choose by."""

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
class Subscription:
    """The current state."""

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


def month_starts(sub: Subscription, at: datetime) -> list[datetime]:
    """Where the months begin from the one that `at` is in to the end of the period."""
    first = months_between(sub.anchor, sub.begins)
    starts = [months_on(sub.anchor, first + number) for number in range(sub.months)]
    return [*[one for one in starts if one >= max(one for one in starts if one <= at)], sub.ends]


def months_between(earlier: datetime, later: datetime) -> int:
    return (later.year - earlier.year) * 12 + later.month - earlier.month
