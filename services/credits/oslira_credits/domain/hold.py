"""A run's or a bulk's claim on credits."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from oslira_credits.domain.amounts import Credits


@dataclass(frozen=True, slots=True)
class Held:
    """The answer to a hold. `available` is what the account has beside it; `is_new` is False when it was asked again."""

    hold_id: UUID
    account_id: UUID
    amount: Credits
    available: Credits
    expires_at: datetime
    is_new: bool


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a hold became, once and for good. `account_id` is None for a tombstone: there was no hold, so nothing moved."""

    hold_id: UUID
    account_id: UUID | None
    captured: Credits
    released: Credits
    is_new: bool


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold as it is: open while `settlement` is None."""

    hold_id: UUID
    account_id: UUID | None
    amount: Credits
    settlement: Settlement | None = None
