"""Hold credits for a run or a bulk. This is the hot path."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from oslira_shared.errors import OsliraError

from oslira_credits.application.ports import Ledger
from oslira_credits.domain.amounts import Credits, positive
from oslira_credits.domain.hold import Held
from oslira_credits.metrics import CREDITS_MOVED, HOLDS


@dataclass(frozen=True, slots=True)
class HoldCredits:
    """`life` is how long a hold lasts before its outcome is queried."""

    ledger: Ledger
    life: timedelta

    async def __call__(self, hold_id: UUID, account_id: UUID, amount: Credits) -> Held:
        """Returns the hold; a repeated call returns the same one. Raises InsufficientCredits, HoldClosed, or `invalid_request`."""
        try:
            held = await self.ledger.hold(hold_id, account_id, positive(amount), life=self.life)
        except OsliraError as refusal:
            HOLDS.labels(refusal.code).inc()
            raise
        HOLDS.labels("held" if held.is_new else "repeated").inc()
        if held.is_new:
            CREDITS_MOVED.labels("held").inc(held.amount)
        return held
