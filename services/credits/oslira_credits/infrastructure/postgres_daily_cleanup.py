"""The daily clean-up of credits. The ledger is kept permanently; only tombstones of holds that were never made are deleted."""

from datetime import datetime

from oslira_shared.jobs import JobProgress
from oslira_shared.postgres.batches import delete_batch
from oslira_shared.postgres.clients import AdminClient


class DailyCleanup:
    """A job. It deletes in batches, so that no lock lasts long."""

    def __init__(self, database: AdminClient) -> None:
        self._database = database

    async def __call__(self, _slot: datetime, progress: JobProgress) -> None:
        """Counts deleted rows of `holds`."""
        await progress.empty("holds", self._delete_batch)

    async def _delete_batch(self) -> int:
        return await delete_batch(self._database, "select credits.delete_tombstones($1)")
