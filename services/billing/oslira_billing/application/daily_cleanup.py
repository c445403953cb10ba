"""The daily clean-up, billing's part: bodies of old events, which hold names and addresses."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from oslira_billing.application.ports import EventBodies

KEPT_FOR: Final = timedelta(days=90)
_BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class DailyCleanup:
    """In batches, so that no lock lasts."""

    bodies: EventBodies

    async def __call__(self) -> Mapping[str, int]:
        """Rows cleared, per table."""
        cleared = 0
        while batch := await self.bodies.clear_batch(older_than=KEPT_FOR, limit=_BATCH):
            cleared += batch
        return {"webhook_events": cleared}
