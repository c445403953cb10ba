"""Stalled runs in Postgres."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from oslira_shared.postgres.clients import AdminClient

from oslira_analysis.application.rows import Effects
from oslira_analysis.infrastructure.postgres.cancel import end_runs

_FIND: Final = """
select id from analysis.runs
 where state in ('scraping', 'scoring') and progressed_at < now() - $1::interval
 order by progressed_at limit 10000
"""
_FAIL: Final = "select * from analysis.fail_stalled($1, $2::interval, $3)"


class PostgresStalledRuns:
    """Implements StalledRuns."""

    def __init__(self, database: AdminClient) -> None:
        self._database = database

    async def find(self, *, stalled_for: timedelta) -> Sequence[UUID]:
        async with self._database.connection() as connection:
            return [row["id"] for row in await connection.fetch(_FIND, stalled_for)]

    async def fail(self, run_id: UUID, *, stalled_for: timedelta, detail: str) -> Effects:
        return await end_runs(self._database, _FAIL, run_id, stalled_for, detail)
