"""Anonymous runs in Postgres."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from oslira_shared.postgres.clients import AdminClient

_BATCH: Final = 100
_OVERDUE: Final = """
select id, account_id from analysis.runs
 where redact_at <= now() and redacted_at is null and finished_at is null order by redact_at limit $1
"""
_PURGE: Final = "select analysis.redact_runs($1)"


class PostgresAnonymousRuns:
    """Implements AnonymousRuns."""

    def __init__(self, database: AdminClient) -> None:
        self._database = database

    async def overdue(self) -> Sequence[tuple[UUID, UUID]]:
        async with self._database.connection() as connection:
            rows = await connection.fetch(_OVERDUE, _BATCH)
        return [(row["id"], row["account_id"]) for row in rows]

    async def purge(self) -> int:
        async with self._database.transaction() as connection:
            return int(await connection.fetchval(_PURGE, _BATCH))
