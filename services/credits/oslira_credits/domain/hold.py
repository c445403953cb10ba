"""Credits held for a run or a bulk."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from oslira_credits.domain.amounts import Credits


@dataclass(frozen=True, slots=True)
class Held:
    """The result of a hold. `available` is the rest of the account's credits; `is_new` is False for a repeated request."""

    hold_id: UUID
    account_id: UUID
    amount: Credits
    available: Credits
    expires_at: datetime
    is_new: bool


@dataclass(frozen=True, slots=True)
class Settlement:
    """The final result of a hold. `account_id` is None for a tombstone: there was no hold, so nothing moved."""

    hold_id: UUID
    account_id: UUID | None
    captured: Credits
    released: Credits
    is_new: bool


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold: open while `settlement` is None."""

    hold_id: UUID
    account_id: UUID | None
    amount: Credits
    settlement: Settlement | None = None
