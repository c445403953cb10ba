"""Dollars in operators' views. Amounts are stored in billionths, as integers."""

from decimal import Decimal
from typing import Final

from oslira_shared.catalog import CREDIT_PRICE_USD

_NANO: Final = Decimal(1_000_000_000)


def usd(nano: int) -> str:
    """With all its digits."""
    return f"{Decimal(nano) / _NANO:.9f}"


def worth_nano_usd(amount_credits: int) -> int:
    """At the configured price of a credit, independent of what was paid."""
    return int(amount_credits * CREDIT_PRICE_USD * _NANO)
