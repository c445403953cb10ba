"""What the use cases need of the world."""

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
    """An account's balance, and the live grants with something left in the order they will be drawn: at most the first 100."""

    account_id: UUID
    balance: Balance
    grants: tuple[Grant, ...]
    frozen: Credits = 0  # of disputed grants
    debt: Credits = 0  # spent of grants that were taken back later; the next grants pay it


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
    """The double-entry ledger. Each method is one transaction and idempotent by its key; time is the ledger's own."""

    async def hold(self, hold_id: UUID, account_id: UUID, amount: Credits, *, life: timedelta) -> Held:
        """Set credits aside, in one round trip. Again → the same hold.

        Raises InsufficientCredits (nothing written) or HoldClosed.
        """
        ...

    async def find(self, hold_id: UUID) -> Hold | None:
        """The hold, open or settled, or its tombstone."""
        ...

    async def settle(self, hold_id: UUID, capture: Credits) -> Settlement:
        """Capture some and release the rest to the grants it came from, once; again → the first settlement.

        What was revoked, frozen or expired meanwhile goes where the rest of its grant is.

        No such hold → a tombstone, which refuses the hold should it come later. Raises ValueError for a capture that
        is negative or above the hold.
        """
        ...

    async def extend(self, hold_id: UUID, *, life: timedelta) -> datetime | None:
        """Let an open hold live `life` from now, never shorter than it has. None: no open hold has this id."""
        ...

    async def due(self, *, limit: int) -> list[UUID]:
        """Open holds whose time has come, each given a few seconds more so that the next call brings others."""
        ...

    async def account_balance(self, account_id: UUID) -> AccountBalance:
        """What the account has; zeros if it never had any."""
        ...

    async def expire(self, *, limit: int) -> int:
        """Book out what is left of at most `limit` grants whose time has passed; how many it did."""
        ...


class Outcomes(Protocol):
    """How runs and bulks stand. Analysis knows."""

    async def of(self, hold_id: UUID) -> Outcome:
        """Asking about an unknown id closes it in analysis for good. Raises OsliraError `unavailable` when nobody answers."""
        ...


class Announcements(Protocol):
    """What others want to hear."""

    async def settled(self, hold_id: UUID, account_id: UUID, *, is_new: bool) -> None:
        """A hold was settled; not `is_new`: somebody asks again, so the message must not be swallowed as a duplicate.

        Raises OsliraError `unavailable` unless it is stored.
        """
        ...

    async def notice(self, notice: Notification) -> None:
        """Told again it is still one event. Raises OsliraError `unavailable` unless it is stored."""
        ...


class Notifications(Protocol):
    """What the ledger's transactions want told, kept until it is."""

    async def due(self, *, limit: int) -> list[Notification]:
        """The oldest unpublished ones, each put off by a few seconds so that the next call brings others."""
        ...

    async def mark_published(self, notice_id: UUID) -> None:
        """Forget it: it is stored on the bus."""
        ...
