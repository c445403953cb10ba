"""Bulks in Postgres. The rules are in SQL (migrations/): close_bulk, cancel_bulk."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from oslira_shared.postgres.clients import AdminClient
from oslira_shared.work import WorkTable, sweep

from oslira_analysis.application.bulk_ports import BulkChanges, EndedBulk
from oslira_analysis.infrastructure.postgres.cancel import end_runs

# Bulks are not claimed: each check is one short transaction.
BULKS: Final = WorkTable("analysis.bulks", claimable=frozenset(), announced=frozenset({"ended"}))
_LISTING: Final = """
select distinct i.bulk_id from analysis.bulk_items i join analysis.bulks b on b.id = i.bulk_id
 where i.run_id = any($1::uuid[]) and b.state = 'open' order by i.bulk_id
"""
_CLOSE: Final = "select * from analysis.close_bulk($1)"
_CANCEL: Final = "select * from analysis.cancel_bulk($1, $2)"
_STATE: Final = "select state from analysis.bulks where id = $1 and account_id = $2"
_ENDED: Final = "select id, account_id from analysis.bulks where id = any($1::uuid[]) and settled_at is null"


class PostgresBulks:
    """Implements Bulks."""

    def __init__(self, database: AdminClient) -> None:
        self._database = database

    async def close_listing(self, run_ids: Sequence[UUID]) -> BulkChanges:
        async with self._database.connection() as connection:
            listing = [row["bulk_id"] for row in await connection.fetch(_LISTING, list(run_ids))]
        return await self._close(listing)

    async def due(self) -> BulkChanges:
        async with self._database.transaction() as connection:
            due = await sweep(connection, BULKS)
        changes = await self._close([row.row_id for row in due if row.state == "open"])
        ended = [row.row_id for row in due if row.state == "ended"]
        if ended:
            async with self._database.connection() as connection:
                rows = await connection.fetch(_ENDED, ended)
            changes.ended += [EndedBulk(row["id"], row["account_id"]) for row in rows]
        return changes

    async def cancel(self, bulk_id: UUID, account_id: UUID) -> tuple[str, BulkChanges] | None:
        async with self._database.connection() as connection:
            state = await connection.fetchval(_STATE, bulk_id, account_id)
        if state is None:
            return None
        if state == "ended":
            return state, BulkChanges()
        changes = BulkChanges(effects=await end_runs(self._database, _CANCEL, bulk_id, "cancelled"))
        closed = await self._close([bulk_id])
        return state, BulkChanges(closed.ended, changes.effects + closed.effects)

    async def _close(self, bulk_ids: Sequence[UUID]) -> BulkChanges:
        changes = BulkChanges()
        for bulk_id in bulk_ids:
            async with self._database.transaction() as connection:
                looked = await connection.fetchrow(_CLOSE, bulk_id)
            if looked is None:
                continue
            if looked["outcome"] == "closed":
                changes.ended.append(EndedBulk(bulk_id, looked["account_id"]))
            elif looked["outcome"] == "enough":
                # The end of these runs checks the bulk again, and closes it.
                changes.effects += await end_runs(self._database, _CANCEL, bulk_id, "enough_leads")
        return changes
