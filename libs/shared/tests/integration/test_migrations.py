"""Migrating: again, over a database that Supabase made, and when it fails. What it leaves behind: test_catalogue.py."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest
from catalogue_rules import broken
from oslira_devstack.credentials import SUPERUSER, Credentials
from oslira_devstack.databases import Database
from oslira_devstack.servers.contract import Postgres
from oslira_shared.errors import OsliraError
from oslira_shared.postgres.clients import UserClient, open_pool
from oslira_shared.postgres.migrate import apply_folder, migrate


async def test_migrating_again_changes_nothing(database: Database, credentials: Credentials) -> None:
    before = await _applied(database.admin_url)
    assert {table for table, _ in before} >= {
        "roles",
        "identity",
        "credits",
        "analysis",
        "billing",
        "scheduler",
    }
    await migrate(database.admin_url, credentials.service_passwords)
    assert await _applied(database.admin_url) == before


async def _applied(url: str) -> list[tuple[str, str]]:
    connection = await asyncpg.connect(url)
    tables = await connection.fetch("select tablename from pg_tables where schemaname = 'migrations'")
    applied = [
        (table["tablename"], row["version"])
        for table in tables
        for row in await connection.fetch(f'select version from migrations."{table["tablename"]}"')
    ]
    await connection.close()
    return sorted(applied)


# As Supabase has it: made by its own superuser, given to its own roles, and to the one that migrates.
_SUPABASE = """
create schema auth;
grant usage on schema auth to anon, authenticated, service_role, oslira_migrator;
create function auth.uid() returns uuid language sql stable as $$
  select coalesce(nullif(current_setting('request.jwt.claim.sub', true), ''),
                  (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'))::uuid
$$;
comment on function auth.uid() is 'theirs';
"""
_DESCRIPTION = """
select obj_description(p.oid) from pg_proc p join pg_namespace n on n.oid = p.pronamespace
 where n.nspname = 'auth' and p.proname = 'uid'
"""


@asynccontextmanager
async def _supabase(postgres: Postgres) -> AsyncGenerator[Database]:
    database = Database(postgres)
    superuser = await asyncpg.connect(postgres.url(SUPERUSER, database="postgres"))
    try:
        await superuser.execute(f'create database "{database.name}" owner oslira_migrator')
        theirs = await asyncpg.connect(database.url(SUPERUSER))
        await theirs.execute(_SUPABASE)
        await theirs.close()
        yield database
    finally:
        await superuser.execute(f'drop database if exists "{database.name}" with (force)')
        # Memberships are the cluster's: other tests shall not have this one.
        await superuser.execute("revoke authenticated from identity_owner granted by oslira_migrator")
        await superuser.close()


async def test_a_supabase_database_is_migrated_around_its_own_auth_schema(
    migrated: Postgres, credentials: Credentials
) -> None:
    """Roles exist by then, and so does auth.uid(): it stays theirs, and our policies stand on it."""
    async with _supabase(migrated) as database:
        await migrate(database.admin_url, credentials.service_passwords)
        user_id, account_id = uuid4(), uuid4()
        async with await open_pool(database.url("gateway_service"), service="test", min_size=1) as pool:
            assert await pool.fetchval(_DESCRIPTION) == "theirs"
            await pool.execute("insert into identity.users (id) values ($1)", user_id)
            await pool.execute("insert into identity.accounts (id, name) values ($1, 'A')", account_id)
            await pool.execute(
                "insert into identity.members (account_id, user_id) values ($1, $2)", account_id, user_id
            )
            assert await _accounts_of(UserClient(pool, claims=_claims(user_id))) == [account_id]
            assert await _accounts_of(UserClient(pool, claims=_claims(uuid4()))) == []
        catalogue = await asyncpg.connect(database.admin_url)
        found = await broken(catalogue)
        await catalogue.close()
        assert not found, "\n".join(found)


def _claims(user_id: UUID) -> dict[str, str]:
    return {"sub": str(user_id), "role": "authenticated"}


async def _accounts_of(client: UserClient) -> list[UUID]:
    async with client.transaction() as connection:
        return [row["id"] for row in await connection.fetch("select id from identity.accounts")]


async def test_a_migration_that_fails_says_why_and_shows_no_password(
    migrated: Postgres, credentials: Credentials
) -> None:
    password = credentials.postgres["oslira_migrator"]
    with pytest.raises(Exception, match="nowhere") as failed:
        await migrate(migrated.url("oslira_migrator", database="nowhere"), {})
    assert password not in str(failed.value)


_TABLE = "-- migrate:up\ncreate schema waiting; create table waiting.rows (id int);\n-- migrate:down\n"
_COLUMN = "-- migrate:up\nalter table waiting.rows add column note text;\n-- migrate:down\n"


async def test_a_migration_that_waits_for_a_lock_lets_others_write_and_is_tried_again(
    database: Database, tmp_path: Path
) -> None:
    async with (
        asyncpg.create_pool(database.admin_url, min_size=2, max_size=2) as pool,
        pool.acquire() as reader,
        pool.acquire() as writer,
    ):
        (tmp_path / "0001_table.sql").write_text(_TABLE)
        await apply_folder(database.admin_url, "waiting", tmp_path)
        (tmp_path / "0002_column.sql").write_text(_COLUMN)
        async with reader.transaction():
            await reader.execute(
                "select * from waiting.rows"
            )  # a report that takes long: an alteration waits for it
            with pytest.raises(OsliraError, match="a lock was not free within 100ms, in 2 tries"):
                await apply_folder(
                    database.admin_url, "waiting", tmp_path, lock_timeout="100ms", pause_s=0.05, tries=2
                )
            altering = asyncio.create_task(
                apply_folder(database.admin_url, "waiting", tmp_path, lock_timeout="100ms", pause_s=0.05)
            )
            longest_s = 0.0
            for number in range(20):
                started = time.monotonic()
                await writer.execute("insert into waiting.rows (id) values ($1)", number)
                longest_s = max(longest_s, time.monotonic() - started)
                await asyncio.sleep(0.02)
        await altering
        assert await writer.fetchval("select count(note) from waiting.rows") == 0  # the column is there
        assert longest_s < 1.0
