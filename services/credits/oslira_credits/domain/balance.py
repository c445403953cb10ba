"""What an account has."""

from dataclasses import dataclass

from oslira_credits.domain.amounts import Credits
from oslira_credits.domain.errors import InsufficientCredits


@dataclass(frozen=True, slots=True)
class Balance:
    """Credits that can be spent, and credits set aside for runs. Neither is ever below zero."""

    available: Credits
    held: Credits

    def __post_init__(self) -> None:
        if min(self.available, self.held) < 0:
            raise ValueError(f"a balance can't be negative: {self}")

    def hold(self, amount: Credits) -> "Balance":
        """Set `amount` aside. Raises InsufficientCredits."""
        if amount > self.available:
            raise InsufficientCredits(needed=amount, available=self.available)
        return Balance(self.available - amount, self.held + amount)

    def settle(self, *, captured: Credits, released: Credits) -> "Balance":
        """Spend some of what is held, and get the rest back."""
        return Balance(self.available + released, self.held - captured - released)
