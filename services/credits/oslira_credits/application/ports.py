"""The ports of the use cases."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from oslira_credits.domain.amounts import Credits
from oslira_credits.domain.balance import Balance
from oslira_credits.domain.grants import Grant
from oslira_credits.domain.hold import Held, Hold, Settlement
from oslira_credits.domain.notifications import Notification
from oslira_credits.domain.settlement import Outcome


@dataclass(frozen=True, slots=True)
class AccountBalance:
    """An account's balance, and its live grants with credits left in the order in which they are spent: at most the first 100."""

    account_id: UUID
    balance: Balance
    grants: tuple[Grant, ...]
    frozen: Credits = 0  # of disputed grants
    debt: Credits = 0  # spent from grants that were revoked later; the next grants pay it


class ImportedBalances(Protocol):
    """Balances of an earlier system."""

    async def grant(
        self, balance_id: str, account_id: UUID, amount: Credits, *, expires_at: datetime | None
    ) -> tuple[UUID, bool]:
        """Grant one, once for each `balance_id`: (grant id, whether it is new).

        Raises OsliraError `conflict` when the id was imported with another account or amount; nothing is written.
        """
        ...


class Ledger(Protocol):
    """The double-entry ledger. Each method is one transaction, idempotent by its key, and uses the database's clock."""

    async def hold(self, hold_id: UUID, account_id: UUID, amount: Credits, *, life: timedelta) -> Held:
        """Hold credits, in one round trip. A repeated call returns the same hold.

        Raises InsufficientCredits (nothing is written) or HoldClosed.
        """
        ...

    async def find(self, hold_id: UUID) -> Hold | None:
        """The open or settled hold, or its tombstone."""
        ...

    async def settle(self, hold_id: UUID, capture: Credits) -> Settlement:
        """Capture some credits and release the rest to the grants they came from, once. A repeated call returns the first settlement.

        What was revoked, frozen or expired in the meantime follows the rest of its grant.

        Without such a hold this writes a tombstone, which refuses a later hold with this id. Raises ValueError for a
        capture that is negative or above the hold.
        """
        ...

    async def extend(self, hold_id: UUID, *, life: timedelta) -> datetime | None:
        """Extend an open hold to `life` from now; never shorten it. None: no open hold has this id."""
        ...

    async def due(self, *, limit: int) -> list[UUID]:
        """Overdue open holds. Each is postponed by a few seconds, so that the next call returns others."""
        ...

    async def account_balance(self, account_id: UUID) -> AccountBalance:
        """The account's balance; zeros for an unknown account."""
        ...

    async def expire(self, *, limit: int) -> int:
        """Write off the rest of at most `limit` expired grants; returns how many."""
        ...


class Outcomes(Protocol):
    """Outcomes of runs and bulks, from analysis' rows."""

    async def of(self, hold_id: UUID) -> Outcome:
        """Reading the outcome of an unknown id closes that id in analysis permanently."""
        ...


class Announcements(Protocol):
    """The events that credits publishes."""

    async def settled(self, hold_id: UUID, account_id: UUID, *, is_new: bool) -> None:
        """A hold was settled. Not `is_new`: a repeated request, so the message must not be dropped as a duplicate.

        Raises OsliraError `unavailable` unless it is stored.
        """
        ...

    async def notice(self, notice: Notification) -> None:
        """Published again, it is still one event. Raises OsliraError `unavailable` unless it is stored."""
        ...


class Notifications(Protocol):
    """Notifications written by the ledger's transactions, kept until they are published."""

    async def due(self, *, limit: int) -> list[Notification]:
        """The oldest unpublished ones. Each is postponed by a few seconds, so that the next call returns others."""
        ...

    async def mark_published(self, notice_id: UUID) -> None:
        """Delete it: the bus has stored it."""
        ...
