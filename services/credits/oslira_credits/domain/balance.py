"""An account's available and held credits."""

from dataclasses import dataclass

from oslira_credits.domain.amounts import Credits


@dataclass(frozen=True, slots=True)
class Balance:
    """Credits that can be spent, and credits held for runs. Neither is ever below zero."""

    available: Credits
    held: Credits

    def __post_init__(self) -> None:
        if min(self.available, self.held) < 0:
            raise ValueError(f"a balance can't be negative: {self}")
