"""Credits are whole; there is no such thing as part of one."""

from typing import Final, TypeAlias

from oslira_shared.errors import OsliraError

Credits: TypeAlias = int
MOST_CREDITS: Final = 100_000_000  # of one movement: far above any plan, far below what the columns hold


def positive(amount: Credits) -> Credits:
    """`amount`, if it can be held or granted. Raises OsliraError `invalid_request` unless 1 ≤ amount ≤ MOST_CREDITS."""
    if not 1 <= amount <= MOST_CREDITS:
        raise OsliraError("invalid_request", f"an amount is between 1 and {MOST_CREDITS}, not {amount}")
    return amount
