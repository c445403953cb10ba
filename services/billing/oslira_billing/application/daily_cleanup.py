"""The daily clean-up, billing's part: bodies of old events, which hold names and addresses."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from oslira_shared.jobs import Tally

from oslira_billing.application.ports import EventBodies

KEPT_FOR: Final = timedelta(days=90)
_BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class DailyCleanup:
    """A job, in batches, so that no lock lasts."""

    bodies: EventBodies

    async def __call__(self, _slot: datetime, tally: Tally) -> None:
        """Counts `webhook_events.payload`: bodies; the events themselves stay."""
        await tally.empty(
            "webhook_events.payload",
            lambda: self.bodies.clear_batch(older_than=KEPT_FOR, limit=_BATCH),
        )
