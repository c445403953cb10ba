"""The daily clean-up, credits' part. The ledger is kept for good; only tombstones of holds that never came go."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from oslira_shared.jobs import JobProgress


class Tombstones(Protocol):
    """Ids that were settled before they were held."""

    async def purge_batch(self) -> int:
        """Delete some that are over 90 days old, in one short transaction; how many it were."""
        ...


@dataclass(frozen=True, slots=True)
class DailyCleanup:
    """A job, in batches, so that no lock lasts."""

    tombstones: Tombstones

    async def __call__(self, _slot: datetime, progress: JobProgress) -> None:
        """Counts `holds`."""
        await progress.empty("holds", self.tombstones.purge_batch)
