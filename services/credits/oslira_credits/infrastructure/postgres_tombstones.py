"""Tombstones in Postgres."""

from oslira_shared.postgres.batches import delete_batch
from oslira_shared.postgres.clients import AdminClient


class PostgresTombstones:
    """Implements Tombstones."""

    def __init__(self, database: AdminClient) -> None:
        self._database = database

    async def purge_batch(self) -> int:
        return await delete_batch(self._database, "select credits.delete_tombstones($1)")
