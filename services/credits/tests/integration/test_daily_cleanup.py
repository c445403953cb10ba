"""Credits' part of the daily clean-up."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from oslira_credits.infrastructure.postgres_daily_cleanup import DailyCleanup
from oslira_devstack.databases import Database
from oslira_shared.jobs import JobProgress
from oslira_shared.postgres.clients import AdminClient, Pool, open_pool


async def test_old_tombstones_go_and_settled_holds_stay(database: Database) -> None:
    async with await open_pool(database.url("credits_service"), service="credits") as pool:
        await pool.execute("select credits.grant($1, 10, 'test', 'grant')", account_id := uuid4())
        held, old, young = (uuid4() for _ in range(3))
        await pool.execute("select credits.hold($1, $2, 5, interval '1 min')", held, account_id)
        for hold_id in (held, old, young):
            await pool.execute("select credits.settle($1, 0)", hold_id)
        async with await open_pool(database.admin_url, service="test", min_size=1) as admin:
            await _age(admin, [held, old])
        progress = JobProgress()
        await DailyCleanup(AdminClient(pool))(datetime.now(UTC), progress)
        assert (progress.deleted, progress.failed) == ({"holds": 1}, 0)
        left: list[UUID] = await pool.fetchval("select array_agg(id) from credits.holds")
        assert sorted(left) == sorted([held, young])
        with pytest.raises(Exception, match="permission denied"):
            await pool.execute("delete from credits.holds")


async def _age(admin: Pool, hold_ids: list[UUID]) -> None:
    async with admin.acquire() as connection, connection.transaction():
        await connection.execute(
            "set local role credits_owner; alter table credits.holds disable trigger holds_immutable"
        )
        await connection.execute(
            "update credits.holds set settled_at = now() - interval '91 days' where id = any($1::uuid[])",
            hold_ids,
        )
