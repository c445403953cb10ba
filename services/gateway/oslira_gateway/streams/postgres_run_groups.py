"""Many runs at once, for streams. A ticket has no token, so reads are made as the service and filter by the ticket's account."""

from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

from oslira_shared.postgres.clients import AdminClient, Pool, Record

from oslira_gateway.runs.postgres_runs import WITHOUT_RESULT, summary_of
from oslira_gateway.runs.run import RunSummary
from oslira_gateway.streams.group_reading import Head

_HEADS: Final = """
select run_id, seq, current_step from analysis.run_view where account_id = $1 and run_id = any($2::uuid[])
"""
_UNFINISHED: Final = """
select run_id, seq, current_step from analysis.run_view
 where account_id = $1 and analysis.is_active(status) order by created_at limit $2
"""
_SEVERAL: Final = (
    f"select {WITHOUT_RESULT} from analysis.run_view where account_id = $1 and run_id = any($2::uuid[])"
)


class PostgresRunGroups:
    """Implements RunGroups."""

    def __init__(self, pool: Pool) -> None:
        self._service = AdminClient(pool)

    async def heads(self, account_id: UUID, run_ids: Collection[UUID]) -> Sequence[Head]:
        async with self._service.connection() as connection:
            return [_head(row) for row in await connection.fetch(_HEADS, account_id, list(run_ids))]

    async def unfinished(self, account_id: UUID, *, limit: int) -> Sequence[Head]:
        async with self._service.connection() as connection:
            return [_head(row) for row in await connection.fetch(_UNFINISHED, account_id, limit)]

    async def several(self, account_id: UUID, run_ids: Collection[UUID]) -> Sequence[RunSummary]:
        async with self._service.connection() as connection:
            rows = await connection.fetch(_SEVERAL, account_id, list(run_ids))
        return [summary_of(row) for row in rows]


def _head(row: Record) -> Head:
    return Head(row["run_id"], row["seq"], row["current_step"])
