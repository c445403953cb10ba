"""Credits are whole numbers."""

from typing import Final, TypeAlias

from oslira_shared.errors import OsliraError

Credits: TypeAlias = int
MOST_CREDITS: Final = 100_000_000  # per movement: far above any plan, far below the limit of the columns


def positive(amount: Credits) -> Credits:
    """Returns `amount` if it can be held or granted. Raises OsliraError `invalid_request` unless 1 ≤ amount ≤ MOST_CREDITS."""
    if not 1 <= amount <= MOST_CREDITS:
        raise OsliraError("invalid_request", f"an amount is between 1 and {MOST_CREDITS}, not {amount}")
    return amount
