"""The two clients on a real Postgres: a user sees what row-level security shows, for exactly one transaction."""

from collections.abc import AsyncGenerator
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio
from oslira_devstack.databases import Database
from oslira_shared.postgres.clients import AdminClient, Pool, PoolLimits, UserClient, open_pool

# Made by the migrator as a service's migration would make it; readable only by users.
_TABLE = """
create schema notes authorization identity_owner;
set role identity_owner;
grant usage on schema notes to authenticated, gateway_service;
create table notes.notes (user_id uuid not null, text text not null);
alter table notes.notes enable row level security;
alter table notes.notes force row level security;
create policy owner_all on notes.notes to identity_owner using (true) with check (true);
create policy own on notes.notes for select to authenticated using (user_id = (select auth.uid()));
grant select on notes.notes to authenticated;
insert into notes.notes values ('00000000-0000-0000-0000-00000000000a', 'of a'),
                               ('00000000-0000-0000-0000-00000000000b', 'of b');
reset role;
"""
USER_A, USER_B = (UUID(f"00000000-0000-0000-0000-00000000000{letter}") for letter in "ab")


@pytest_asyncio.fixture(scope="module")
async def prepared(module_database: Database) -> Database:
    connection = await asyncpg.connect(module_database.admin_url)
    await connection.execute(_TABLE)
    await connection.close()
    return module_database


@pytest_asyncio.fixture
async def pool(prepared: Database) -> AsyncGenerator[Pool]:
    """One connection, so that the next caller gets the one that was used."""
    async with await open_pool(
        prepared.url("gateway_service"), service="gateway", min_size=1, max_size=1
    ) as opened:
        yield opened


def _user(pool: Pool, user_id: UUID) -> UserClient:
    return UserClient(pool, claims={"sub": user_id, "role": "authenticated"})


async def _texts(client: UserClient) -> list[str]:
    async with client.transaction() as connection:
        return [row["text"] for row in await connection.fetch("select text from notes.notes")]


async def test_a_user_sees_their_own_rows(pool: Pool) -> None:
    assert await _texts(_user(pool, USER_A)) == ["of a"]
    assert await _texts(_user(pool, USER_B)) == ["of b"]
    assert await _texts(_user(pool, uuid4())) == []


@pytest.mark.parametrize(
    "role", ["service_role", "gateway_service", "oslira_migrator", "AUTHENTICATED", "", None]
)
async def test_a_user_client_acts_as_no_other_role(pool: Pool, role: str | None) -> None:
    with pytest.raises(ValueError, match="cannot act as"):
        UserClient(pool, claims={"sub": str(USER_A), "role": role})


async def test_a_token_without_a_role_is_anonymous(pool: Pool) -> None:
    async with UserClient(pool, claims={"sub": str(USER_A)}).transaction() as connection:
        assert await connection.fetchval("select current_user") == "anon"
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetch("select text from notes.notes")


async def test_role_and_claims_end_with_the_transaction(pool: Pool) -> None:
    async with _user(pool, USER_A).transaction() as connection:
        assert await connection.fetchval("select current_user") == "authenticated"
        assert await connection.fetchval("select auth.uid()") == USER_A
        used = await connection.fetchval("select pg_backend_pid()")
    async with AdminClient(pool).transaction() as connection:
        assert await connection.fetchval("select pg_backend_pid()") == used
        assert await connection.fetchval("select current_user") == "gateway_service"
        # Empty, not null: what reads it has to cope.
        assert await connection.fetchval("select current_setting('request.jwt.claims', true)") == ""
        assert await connection.fetchval("select current_setting('role')") == "none"


async def test_they_end_with_a_transaction_that_failed_too(pool: Pool) -> None:
    with pytest.raises(asyncpg.DivisionByZeroError):
        async with _user(pool, USER_A).transaction() as connection:
            await connection.execute("select 1 / 0")
    async with AdminClient(pool).connection() as connection:
        assert await connection.fetchval("select current_user") == "gateway_service"
        assert await connection.fetchval("select current_setting('request.jwt.claims', true)") == ""


async def test_who_comes_after_a_user_is_not_that_user(pool: Pool) -> None:
    assert await _texts(_user(pool, USER_A)) == ["of a"]
    nobody = UserClient(pool, claims={"role": "authenticated"})
    assert await _texts(nobody) == []
    async with nobody.transaction() as connection:
        assert await connection.fetchval("select auth.uid()") is None


async def test_without_a_role_a_users_table_is_refused_not_empty(pool: Pool) -> None:
    """42501: a query that forgot to say for whom it asks fails, instead of seeing nothing, or everything."""
    async with AdminClient(pool).connection() as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError) as refused:
            await connection.fetch("select text from notes.notes")
    assert refused.value.sqlstate == "42501"


async def test_claims_cannot_break_out_of_their_setting(pool: Pool) -> None:
    claims = {"role": "authenticated", "sub": str(USER_A), "name": "'; reset role; --", "text": 'ü\n"\\'}
    assert await _texts(UserClient(pool, claims=claims)) == ["of a"]


async def _fail_halfway(pool: Pool, user_id: UUID) -> None:
    async with AdminClient(pool).transaction() as connection:
        await connection.execute("insert into identity.users (id) values ($1)", user_id)
        raise KeyError


async def test_a_transaction_rolls_back_when_its_block_raises(pool: Pool) -> None:
    user_id = uuid4()
    with pytest.raises(KeyError):
        await _fail_halfway(pool, user_id)
    async with AdminClient(pool).connection() as connection:
        assert not await connection.fetchval(
            "select exists (select from identity.users where id = $1)", user_id
        )


@pytest.mark.parametrize("kind", ["json", "jsonb"])
async def test_json_is_python_both_ways(pool: Pool, kind: str) -> None:
    value = {"a": [1, None, True, "ü"]}
    async with AdminClient(pool).connection() as connection:
        assert await connection.fetchval(f"select $1::{kind}", value) == value


async def test_a_statement_behind_a_lock_ends_at_its_limit_and_leaves_the_connection_usable(
    prepared: Database,
) -> None:
    limits = PoolLimits(connect_s=0.5, statement_s=0.5)
    holder = await asyncpg.connect(prepared.admin_url)
    async with (
        await open_pool(
            prepared.url("gateway_service"), service="gateway", min_size=1, max_size=1, limits=limits
        ) as pool,
        holder.transaction(),
    ):
        await holder.execute("select pg_advisory_xact_lock(7)")
        with pytest.raises(TimeoutError):
            async with AdminClient(pool).transaction() as connection:
                await connection.execute("select pg_advisory_xact_lock(7)")
        assert await pool.fetchval("select 1") == 1
        # Nor does the server go on waiting for it.
        waiting = await holder.fetchval("select count(*) from pg_locks where not granted")
        assert waiting == 0
    await holder.close()


async def test_waiting_for_a_connection_has_a_limit(prepared: Database) -> None:
    limits = PoolLimits(connect_s=0.3, statement_s=5)
    async with (
        await open_pool(
            prepared.url("gateway_service"), service="gateway", min_size=1, max_size=1, limits=limits
        ) as pool,
        AdminClient(pool).connection(),
    ):
        with pytest.raises(TimeoutError):
            await pool.fetchval("select 1")
        with pytest.raises(TimeoutError):
            async with AdminClient(pool).transaction():
                pass


async def test_the_server_ends_what_a_frozen_client_leaves_open(pool: Pool) -> None:
    kept = {
        name: await pool.fetchval("select current_setting($1)", name)
        for name in ("statement_timeout", "idle_in_transaction_session_timeout")
    }
    assert kept == {"statement_timeout": "20s", "idle_in_transaction_session_timeout": "30s"}
