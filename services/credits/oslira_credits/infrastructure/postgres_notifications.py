"""Implements Notifications: rows of credits.notices, written by the ledger's own transactions."""

from typing import Final
from uuid import UUID

from oslira_shared.postgres.clients import Pool, Record
from oslira_shared.work import WorkTable, sweep

from oslira_credits.domain.notifications import BalanceFell, GrantMade, Notification

NOTIFICATIONS: Final = WorkTable(name="credits.notices", claimable=frozenset({"open"}))

_READ: Final = """
    select id, kind, account_id, grant_id, amount, source, available, threshold
    from credits.notices where id = any($1) order by created_at
"""
_DELETE: Final = "delete from credits.notices where id = $1"


class PostgresNotifications:
    """One sweeper at a time, across all replicas."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def due(self, *, limit: int) -> list[Notification]:
        async with self._pool.acquire() as connection, connection.transaction():
            due = [row.row_id for row in await sweep(connection, NOTIFICATIONS, limit=limit)]
            return [_notice(row) for row in await connection.fetch(_READ, due)] if due else []

    async def mark_published(self, notice_id: UUID) -> None:
        await self._pool.execute(_DELETE, notice_id)


def _notice(row: Record) -> Notification:
    if row["kind"] == "granted":
        return GrantMade(row["id"], row["account_id"], row["grant_id"], row["amount"], row["source"])
    return BalanceFell(row["id"], row["account_id"], row["available"], row["threshold"])
