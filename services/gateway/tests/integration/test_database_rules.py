"""What the database rejects, independently of the service."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime

import asyncpg
import pytest
import pytest_asyncio
from oslira_devstack.databases import Database
from oslira_devstack.make_user import MadeUser, make_user
from oslira_gateway.identity.caller import Member
from oslira_gateway.operations.daily_cleanup import DailyCleanup
from oslira_shared.ids import new_id
from oslira_shared.jobs import JobProgress
from oslira_shared.postgres.clients import AdminClient, Connection, Pool, UserClient, open_pool

TABLES = ["users", "accounts", "members", "business_profiles"]


@pytest_asyncio.fixture(scope="module")
async def pool(module_database: Database) -> AsyncGenerator[Pool]:
    pool = await open_pool(module_database.url("gateway_service"), service="gateway")
    yield pool
    await pool.close()


@pytest_asyncio.fixture(scope="module")
async def made(pool: Pool) -> tuple[MadeUser, MadeUser]:
    """Two users, each with an account."""
    async with pool.acquire() as connection:
        return (
            await make_user(connection, email="one@example.com"),
            await make_user(connection, email="two@example.com"),
        )


def as_user(pool: Pool, user: MadeUser) -> UserClient:
    return UserClient(pool, claims={"sub": str(user.user_id), "role": "authenticated"})


async def test_making_a_user_again_changes_nothing(pool: Pool, made: tuple[MadeUser, MadeUser]) -> None:
    async with pool.acquire() as connection:
        assert await make_user(connection, email=" One@example.com ") == made[0]
    assert await pool.fetchval("select count(*) from identity.users where email like 'one@%'") == 1


@pytest.mark.parametrize("table", TABLES)
async def test_a_user_sees_their_own_rows_alone(
    pool: Pool, made: tuple[MadeUser, MadeUser], table: str
) -> None:
    async with as_user(pool, made[0]).transaction() as connection:
        assert await connection.fetchval(f"select count(*) from identity.{table}") == 1
    nobody = UserClient(pool, claims={"sub": str(new_id()), "role": "authenticated"})
    async with nobody.transaction() as connection:
        assert await connection.fetchval(f"select count(*) from identity.{table}") == 0


@pytest.mark.parametrize("table", [*TABLES, "idempotency"])
async def test_without_a_user_there_is_nothing_to_see(pool: Pool, table: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with UserClient(pool, claims={}).transaction() as connection:
            await connection.fetchval(f"select count(*) from identity.{table}")


async def add_profile(connection: Connection, account: MadeUser) -> None:
    await connection.execute(
        "insert into identity.business_profiles (id, account_id, name, context) values ($1, $2, 'B', '{}')",
        new_id(),
        account.account_id,
    )


async def test_a_user_adds_a_profile_to_no_other_account(pool: Pool, made: tuple[MadeUser, MadeUser]) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        async with as_user(pool, made[0]).transaction() as connection:
            await add_profile(connection, made[1])


@pytest.mark.parametrize(
    "statement",
    [
        "update identity.members set role = 'owner'",
        "update identity.business_profiles set account_id = account_id",
        "delete from identity.accounts",
        "insert into identity.members (account_id, user_id) select account_id, user_id from identity.members",
    ],
)
async def test_a_user_changes_no_membership(
    pool: Pool, made: tuple[MadeUser, MadeUser], statement: str
) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with as_user(pool, made[0]).transaction() as connection:
            await connection.execute(statement)


async def test_analysis_reads_a_business_of_the_account_and_no_other(
    module_database: Database, made: tuple[MadeUser, MadeUser]
) -> None:
    read = "select context from identity.business_at($1, $2, null)"
    async with await open_pool(module_database.url("analysis_service"), service="analysis") as analysis:
        context = await analysis.fetchval(read, made[0].business_profile_id, made[0].account_id)
        assert context["name"] == "Fieldnote Studio"
        assert await analysis.fetchval(read, made[0].business_profile_id, made[1].account_id) is None
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await analysis.fetchval("select count(*) from identity.business_profiles")


async def test_every_tenant_table_forces_row_level_security(pool: Pool) -> None:
    rows = await pool.fetch(
        "select relname, relrowsecurity, relforcerowsecurity, r.rolname, r.rolsuper from pg_class c"
        " join pg_roles r on r.oid = c.relowner where relnamespace = 'identity'::regnamespace and relkind = 'r'"
    )
    assert {row["relname"] for row in rows} >= {*TABLES, "idempotency", "job_runs", "purged_accounts"}
    for row in rows:
        assert (row["relrowsecurity"], row["relforcerowsecurity"]) == (True, True)
        assert (row["rolname"], row["rolsuper"]) == ("identity_owner", False)


async def test_definer_functions_fix_their_search_path_and_are_not_for_everybody(pool: Pool) -> None:
    rows = await pool.fetch(
        "select proname, proconfig, has_function_privilege('anon', oid, 'execute') as anon from pg_proc"
        " where prosecdef and proname in ('user_account_ids', 'business_at')"
    )
    assert len(rows) == 2
    assert all(row["proconfig"] == ['search_path=""'] and not row["anon"] for row in rows)


async def test_expired_keys_go_a_day_later(
    pool: Pool, made: tuple[MadeUser, MadeUser], member: Member
) -> None:
    for key, hours in (("live", 1), ("expired", -1), ("old", -25)):
        await pool.execute(
            "insert into identity.idempotency (account_id, key, body_hash, generation, run_id, status, expires_at)"
            " values ($1, $2, '', 0, $3, 202, now() + make_interval(hours => $4))",
            made[0].account_id,
            key,
            member.account_id,
            hours,
        )
    progress = JobProgress()
    await DailyCleanup(AdminClient(pool))(datetime.now(UTC), progress)
    assert progress.deleted == {"idempotency": 1}
    left = await pool.fetch("select key from identity.idempotency order by key")
    assert [row["key"] for row in left] == ["expired", "live"]
