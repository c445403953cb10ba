"""Many runs at once, for streams. A ticket's holder shows no token, so these read as the service, by the ticket's account."""

from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

from oslira_shared.postgres.clients import AdminClient, Pool

from oslira_gateway.analyses.postgres_runs import COLUMNS, run_of
from oslira_gateway.analyses.run import Run

_SEVERAL: Final = (
    f"select {COLUMNS} from analysis.run_view where account_id = $1 and run_id = any($2::uuid[])"
)
_UNFINISHED: Final = f"""
select {COLUMNS} from analysis.run_view
 where account_id = $1 and status in ('queued', 'waiting', 'scraping', 'scoring') order by created_at limit $2
"""


class PostgresRunGroups:
    """See RunGroups."""

    def __init__(self, pool: Pool) -> None:
        self._service = AdminClient(pool)

    async def several(self, account_id: UUID, run_ids: Collection[UUID]) -> Sequence[Run]:
        """See RunGroups."""
        async with self._service.connection() as connection:
            rows = await connection.fetch(_SEVERAL, account_id, list(run_ids))
        return [run_of(row) for row in rows]

    async def unfinished(self, account_id: UUID, *, limit: int) -> Sequence[Run]:
        """See RunGroups."""
        async with self._service.connection() as connection:
            return [run_of(row) for row in await connection.fetch(_UNFINISHED, account_id, limit)]
