"""A changed password or an unavailable database: requests fail with an error, and readiness follows at once."""

import asyncio
import itertools
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from oslira_devstack.credentials import SUPERUSER
from oslira_devstack.databases import Database
from oslira_shared.observability.health import Health
from oslira_shared.postgres.again import AWAY
from oslira_shared.postgres.clients import Pool, database_state, open_pool

ROLE, FIRST, SECOND = "somebody_here", "the first password", "the second password"


@asynccontextmanager
async def a_login(
    database: Database, *, min_size: int
) -> AsyncGenerator[tuple[Pool, "asyncpg.Connection[asyncpg.Record]"]]:
    admin = await asyncpg.connect(database.url(SUPERUSER))
    try:
        await admin.execute(f"create role {ROLE} login password '{FIRST}'")
        await admin.execute(f'grant connect on database "{database.name}" to {ROLE}')
        address = database.url(SUPERUSER).partition("@")[2]
        url = f"postgres://{ROLE}:{FIRST.replace(' ', '%20')}@{address}"
        async with await open_pool(url, service="test", min_size=min_size, max_size=3) as pool:
            yield pool, admin
    finally:
        await admin.execute(f"drop owned by {ROLE}")
        await admin.execute(f"drop role {ROLE}")
        await admin.close()


async def test_a_password_that_was_changed_makes_a_process_unready_and_a_matching_one_ready_again(
    database: Database,
) -> None:
    async with a_login(database, min_size=1) as (pool, admin):
        health = Health(clock=itertools.count(step=2.0).__next__)  # each report looks again
        health.required["postgres"] = lambda: database_state(pool)
        assert (await health.report())[0]
        await admin.execute(f"alter role {ROLE} password '{SECOND}'")
        outcomes = await asyncio.gather(
            *(pool.fetchval("select pg_sleep(0.2)::text") for _ in range(3)), return_exceptions=True
        )
        lost = [one for one in outcomes if isinstance(one, BaseException)]
        assert lost
        assert all(isinstance(one, AWAY) for one in lost)
        # The connection that is open still answers; that is not enough.
        assert await pool.fetchval("select 1") == 1
        is_ready, body = await health.report()
        assert (is_ready, body["checks"]["postgres"]) == (False, "failing: InvalidPasswordError")
        await admin.execute(f"alter role {ROLE} password '{FIRST}'")
        assert (await health.report())[0]


async def test_connections_that_were_ended_are_a_loss_and_no_fault_of_ours(database: Database) -> None:
    async with a_login(database, min_size=2) as (pool, admin):
        asked = [asyncio.create_task(pool.fetchval("select pg_sleep(5)")) for _ in range(2)]
        await asyncio.sleep(0.2)
        await admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = $1", ROLE)
        for one in asked:
            with pytest.raises(AWAY):
                await one
        assert await database_state(pool) == "ok"
