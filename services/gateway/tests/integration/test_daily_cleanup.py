"""The gateway's part of the daily clean-up on a real Postgres: cascades, tombstones, and rows that are too recent."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime

import asyncpg
import pytest
import pytest_asyncio
from oslira_devstack.databases import Database
from oslira_devstack.make_user import MadeUser, make_user
from oslira_gateway.operations.daily_cleanup import DailyCleanup
from oslira_shared.anonymous import ANONYMOUS_ACCOUNT_ID
from oslira_shared.jobs import JobProgress
from oslira_shared.postgres.clients import AdminClient, Pool, open_pool


@pytest_asyncio.fixture
async def pool(database: Database) -> AsyncGenerator[Pool]:
    async with await open_pool(database.url("gateway_service"), service="gateway") as opened:
        yield opened


async def made(pool: Pool, email: str) -> MadeUser:
    async with pool.acquire() as connection:
        return await make_user(connection, email=email)


async def clean_up(pool: Pool) -> JobProgress:
    progress = JobProgress()
    await DailyCleanup(AdminClient(pool))(datetime.now(UTC), progress)
    return progress


async def test_a_deleted_account_goes_with_all_that_is_its_own_and_leaves_its_id(pool: Pool) -> None:
    gone, young, live = [await made(pool, f"{name}@oslira.test") for name in ("gone", "young", "live")]
    for user, days in ((gone, 31), (young, 29)):
        await pool.execute(
            "update identity.accounts set deleted_at = now() - make_interval(days => $2) where id = $1",
            user.account_id,
            days,
        )
    shared = await made(pool, "shared@oslira.test")  # of an account that goes and of one that stays
    await pool.execute(
        "insert into identity.members (account_id, user_id) values ($1, $2)", gone.account_id, shared.user_id
    )
    for user in (gone, live):
        await pool.execute(
            "insert into identity.idempotency (account_id, key, body_hash, generation, run_id, status, expires_at)"
            " values ($1, 'k', '', 0, $1, 202, now() + interval '1 hour')",
            user.account_id,
        )
    assert (await clean_up(pool)).deleted == {"accounts": 1}
    for table, column in (("accounts", "id"), ("members", "account_id"), ("business_profiles", "account_id")):
        rows = await pool.fetch(f"select {column} as id from identity.{table}")
        left = {row["id"] for row in rows} - {ANONYMOUS_ACCOUNT_ID}
        assert left == {young.account_id, live.account_id, shared.account_id}, table
    assert await pool.fetchval("select count(*) from identity.idempotency") == 1
    assert await pool.fetchval("select array_agg(account_id) from identity.purged_accounts") == [
        gone.account_id
    ]
    # Users go with the last account they belonged to.
    users = {row["id"] for row in await pool.fetch("select id from identity.users")}
    assert users == {young.user_id, live.user_id, shared.user_id}
    assert (await clean_up(pool)).deleted == {}


async def test_business_profiles_deleted_a_month_ago_go(pool: Pool) -> None:
    user = await made(pool, "one@oslira.test")
    await pool.execute(
        "insert into identity.business_profiles (id, account_id, name, context, deleted_at)"
        " select gen_random_uuid(), $1, 'x', '{}', now() - make_interval(days => days) from unnest(array[29, 31]) as days",
        user.account_id,
    )
    assert (await clean_up(pool)).deleted == {"business_profiles": 1}
    query = "select count(*) from identity.business_profiles where account_id = $1"
    assert await pool.fetchval(query, user.account_id) == 2


async def test_what_visitors_used_goes_with_its_day(pool: Pool) -> None:
    await pool.execute(
        "insert into identity.anonymous_uses (day, network, uses)"
        " select (now() at time zone 'UTC')::date - days, 'x', 1 from unnest(array[0, 1, 2]) as days"
    )
    assert (await clean_up(pool)).deleted == {"anonymous_uses": 2}


async def test_the_system_account_cannot_be_deleted(pool: Pool) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match="accounts_system_stays"):
        await pool.execute(
            "update identity.accounts set deleted_at = now() where id = $1", ANONYMOUS_ACCOUNT_ID
        )


async def test_a_table_that_cannot_be_cleared_is_named_and_the_others_are_cleared(
    pool: Pool, database: Database
) -> None:
    await made(pool, "one@oslira.test")
    await pool.execute(
        "update identity.accounts set deleted_at = now() - interval '31 days' where kind <> 'system'"
    )
    async with await open_pool(database.url("gateway_service"), service="other", min_size=1) as other:
        async with other.acquire() as connection, connection.transaction():
            # An open transaction keeps the account's profile: the cascade would wait for it.
            await connection.execute("select from identity.business_profiles for update")
            progress = await clean_up(pool)
        assert progress.failed == 1
        assert "accounts: LockNotAvailableError" in progress.reasons[0]
    assert (await clean_up(pool)).deleted == {"accounts": 1}


async def test_webhook_deliveries_go_after_a_month_unless_they_are_on_their_way(pool: Pool) -> None:
    user = await made(pool, "one@oslira.test")
    await pool.execute(
        "insert into identity.webhook_endpoints (id, account_id, url, event_types, sealed_secret)"
        " values ($1, $1, 'https://hooks.example/', '{run.failed}', '')",
        user.account_id,
    )
    for state, days in (("failed", 31), ("failed", 29), ("pending", 31)):
        await pool.execute(
            "insert into identity.webhook_deliveries"
            " (id, account_id, endpoint_id, event_id, event_type, body, state, due_at, created_at)"
            " values (gen_random_uuid(), $1, $1, gen_random_uuid(), 'run.failed', '{}', $2::text,"
            " case when $2::text = 'pending' then now() end, now() - make_interval(days => $3))",
            user.account_id,
            state,
            days,
        )
    assert (await clean_up(pool)).deleted == {"webhook_deliveries": 1}
    assert await pool.fetchval("select count(*) from identity.webhook_deliveries") == 2
