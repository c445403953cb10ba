"""The daily clean-up of credits. The ledger is kept permanently; only tombstones of holds that were never made are deleted."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from oslira_shared.jobs import JobProgress


class Tombstones(Protocol):
    """Ids that were settled before they were held."""

    async def purge_batch(self) -> int:
        """Delete a batch of tombstones that are over 90 days old, in one short transaction; returns how many."""
        ...


@dataclass(frozen=True, slots=True)
class DailyCleanup:
    """A job. It works in batches, so that no lock lasts long."""

    tombstones: Tombstones

    async def __call__(self, _slot: datetime, progress: JobProgress) -> None:
        """Counts deleted rows of `holds`."""
        await progress.empty("holds", self.tombstones.purge_batch)
