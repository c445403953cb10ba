"""Setting credits aside for a run or a bulk: the hot path."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from oslira_credits.application.ports import Announcements, Ledger
from oslira_credits.domain.amounts import Credits, positive
from oslira_credits.domain.hold import Held
from oslira_credits.domain.low_balance import crosses


@dataclass(frozen=True, slots=True)
class HoldCredits:
    """`life` is how long a hold is good before its outcome is asked for."""

    ledger: Ledger
    announcements: Announcements
    life: timedelta
    low_balance: Credits

    async def __call__(self, hold_id: UUID, account_id: UUID, amount: Credits) -> Held:
        """The hold, also when asked again. Raises InsufficientCredits, HoldClosed, or `invalid_request` for a bad amount."""
        held = await self.ledger.hold(hold_id, account_id, positive(amount), life=self.life)
        if held.is_new and crosses(
            before=held.available + held.amount, after=held.available, threshold=self.low_balance
        ):
            await self.announcements.low_balance(
                hold_id, account_id, available=held.available, threshold=self.low_balance
            )
        return held
