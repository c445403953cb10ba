"""What the use cases need of the world."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from oslira_credits.domain.amounts import Credits
from oslira_credits.domain.balance import Balance
from oslira_credits.domain.grants import Grant
from oslira_credits.domain.hold import Held, Hold, Settlement
from oslira_credits.domain.settlement import Outcome


@dataclass(frozen=True, slots=True)
class Purse:
    """An account's balance, and the live grants with something left in the order they will be drawn."""

    account_id: UUID
    balance: Balance
    grants: tuple[Grant, ...]


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

    async def purse(self, account_id: UUID) -> Purse:
        """What the account has; zeros if it never had any."""
        ...

    async def grant(
        self,
        account_id: UUID,
        amount: Credits,
        *,
        source: str,
        key: str,
        expires_at: datetime | None = None,
        priority: int = 100,
    ) -> tuple[UUID, bool]:
        """Issue credits once per key: (grant id, whether it is new). Billing calls the same SQL in its own transactions.

        Raises ValueError when another account has used the key.
        """
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

    async def low_balance(
        self, hold_id: UUID, account_id: UUID, *, available: Credits, threshold: Credits
    ) -> None:
        """An account fell below its threshold by this hold. Best effort: never raises, since the hold stands."""
        ...
