"""The Notices port: rows of credits.notices, written by the ledger's own transactions."""

from typing import Final
from uuid import UUID

from oslira_shared.postgres.clients import Pool, Record
from oslira_shared.work import WorkTable, sweep

from oslira_credits.domain.notices import BalanceFell, GrantMade, Notice

NOTICES: Final = WorkTable(name="credits.notices", claimable=frozenset({"open"}))

_READ: Final = """
    select id, kind, account_id, grant_id, amount, source, available, threshold
    from credits.notices where id = any($1) order by created_at
"""
_TOLD: Final = "delete from credits.notices where id = $1"


class PostgresNotices:
    """One sweeper at a time, for the whole fleet."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def due(self, *, limit: int) -> list[Notice]:
        async with self._pool.acquire() as connection, connection.transaction():
            due = [row.row_id for row in await sweep(connection, NOTICES, limit=limit)]
            return [_notice(row) for row in await connection.fetch(_READ, due)] if due else []

    async def told(self, notice_id: UUID) -> None:
        await self._pool.execute(_TOLD, notice_id)


def _notice(row: Record) -> Notice:
    if row["kind"] == "granted":
        return GrantMade(row["id"], row["account_id"], row["grant_id"], row["amount"], row["source"])
    return BalanceFell(row["id"], row["account_id"], row["available"], row["threshold"])
