"""Provisioning twice leaves the same schema; tools/schema_dump.py shows a difference where there is one."""

import asyncio
import importlib.util
from types import ModuleType

import asyncpg
import pytest
from oslira_devstack.credentials import SERVICE_ROLES, SUPERUSER, Credentials
from oslira_devstack.databases import Database
from oslira_shared.postgres.clients import Connection
from oslira_shared.postgres.migrate import migrate
from repository import ROOT


def _tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("schema_dump", ROOT / "tools/schema_dump.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def _schema(database: Database) -> str:
    return await asyncio.to_thread(_tool().dump, database.url(SUPERUSER), has_data=False)


async def test_provisioning_again_leaves_the_same_schema(
    database: Database, credentials: Credentials
) -> None:
    before = await _schema(database)
    assert before.count("CREATE TABLE") > 70
    await migrate(database.admin_url, credentials.service_passwords)
    assert await _schema(database) == before


@pytest.mark.parametrize(
    "change",
    [
        "alter table credits.holds add column more text",
        "alter table credits.holds drop constraint holds_open",
        "drop index credits.holds_due",
        "drop policy service_clock on credits.holds",
        "alter table credits.holds no force row level security",
        "drop trigger holds_not_deleted on credits.holds",
        "grant select on credits.holds to gateway_service",
        "revoke execute on function credits.freeze from billing_service",
        "create or replace function credits.count_reversal() returns trigger language plpgsql as 'begin return new; end'",
    ],
    ids=range(9),
)
async def test_the_dump_shows_a_change(database: Database, change: str) -> None:
    before = await _schema(database)
    connection = await asyncpg.connect(database.url(SUPERUSER))
    await connection.execute(change)
    await connection.close()
    assert await _schema(database) != before


async def test_only_owners_may_call_what_migrations_share(database: Database) -> None:
    connection: Connection = await asyncpg.connect(database.admin_url)
    callers = await connection.fetch(
        "select r.rolname from pg_roles r where r.rolname = any($1) and (has_schema_privilege(r.oid, 'platform', 'usage')"
        " or exists (select from pg_proc p where p.pronamespace = 'platform'::regnamespace"
        " and has_function_privilege(r.oid, p.oid, 'execute')))",
        [*SERVICE_ROLES, "anon", "authenticated", "service_role"],
    )
    assert callers == []
    assert await connection.fetchval("select has_schema_privilege('credits_owner', 'platform', 'usage')")
    await connection.close()
