"""What the migrations leave behind, by Postgres's own catalogue: owners, rights, row-level security, search paths."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio
from oslira_devstack.credentials import SUPERUSER, Credentials
from oslira_devstack.databases import Database
from oslira_devstack.servers.contract import Postgres
from oslira_shared.postgres.clients import Connection, UserClient, open_pool
from oslira_shared.postgres.migrate import migrate

SCHEMAS = ["identity", "credits", "analysis", "billing", "insights", "scheduler"]


@pytest_asyncio.fixture(scope="module")
async def catalogue(module_database: Database) -> AsyncGenerator[Connection]:
    connection = await asyncpg.connect(module_database.admin_url)
    yield connection
    await connection.close()


async def _names(catalogue: Connection, query: str, *arguments: object) -> list[str]:
    return [row[0] for row in await catalogue.fetch(query, *arguments)]


async def test_nothing_is_owned_by_a_superuser(catalogue: Connection) -> None:
    owned = await _names(
        catalogue,
        """
        with things as (
          select 'schema ' || nspname as name, nspname as schema, nspowner as owner from pg_namespace
          union all
          select 'relation ' || c.oid::regclass, n.nspname, c.relowner
            from pg_class c join pg_namespace n on n.oid = c.relnamespace
          union all
          select 'function ' || p.oid::regprocedure, n.nspname, p.proowner
            from pg_proc p join pg_namespace n on n.oid = p.pronamespace
          union all
          select 'type ' || t.oid::regtype, n.nspname, t.typowner
            from pg_type t join pg_namespace n on n.oid = t.typnamespace
        )
        select t.name from things t join pg_roles r on r.oid = t.owner
         where (r.rolsuper or r.rolbypassrls) and t.schema = any($1)
        """,
        [*SCHEMAS, "public", "auth", "migrations"],
    )
    assert owned == []


async def test_what_is_in_a_schema_belongs_to_its_owner(catalogue: Connection) -> None:
    strangers = await _names(
        catalogue,
        """
        with things as (
          select c.oid::regclass::text as name, c.relnamespace as schema, c.relowner as owner from pg_class c
          union all
          select p.oid::regprocedure::text, p.pronamespace, p.proowner from pg_proc p
          union all
          select n.nspname, n.oid, n.nspowner from pg_namespace n
        )
        select t.name || ' of ' || r.rolname from things t join pg_roles r on r.oid = t.owner
          join pg_namespace n on n.oid = t.schema
         where n.nspname = any($1) and r.rolname <> n.nspname || '_owner'
        """,
        SCHEMAS,
    )
    assert strangers == []


async def test_owners_cannot_log_in_and_no_role_of_ours_bypasses_row_level_security(
    catalogue: Connection,
) -> None:
    wrong = await _names(
        catalogue,
        """
        select rolname from pg_roles
         where rolname ~ '_(owner|service|migrator)$' and rolname !~ '^pg_'
           and (rolsuper or rolbypassrls or rolreplication or (rolname like '%\\_owner' and rolcanlogin)
                or (rolname like '%\\_service' and (rolcreaterole or rolcreatedb or not rolcanlogin)))
        """,
    )
    assert wrong == []


async def test_every_table_has_row_level_security_enabled_and_forced(catalogue: Connection) -> None:
    tables = await catalogue.fetch(
        """
        select c.oid::regclass::text as name, c.relrowsecurity and c.relforcerowsecurity as is_guarded
          from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where c.relkind in ('r', 'p') and n.nspname = any($1)
        """,
        [*SCHEMAS, "public"],
    )
    assert len(tables) >= 20
    assert [table["name"] for table in tables if not table["is_guarded"]] == []


async def test_no_table_is_open_to_everybody_and_no_policy_names_everybody(catalogue: Connection) -> None:
    granted = await _names(
        catalogue,
        """
        select c.oid::regclass::text || ' ' || a.privilege_type
          from pg_class c join pg_namespace n on n.oid = c.relnamespace, aclexplode(c.relacl) a
         where n.nspname = any($1) and a.grantee = 0
        """,
        [*SCHEMAS, "public", "migrations"],
    )
    policies = await _names(
        catalogue,
        "select schemaname || '.' || tablename || ' ' || policyname from pg_policies where 'public' = any(roles)",
    )
    assert (granted, policies) == ([], [])


async def test_everybody_may_execute_none_of_our_functions(catalogue: Connection) -> None:
    executable = await _names(
        catalogue,
        """
        select p.oid::regprocedure::text
          from pg_proc p join pg_namespace n on n.oid = p.pronamespace,
               aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
         where n.nspname = any($1) and a.grantee = 0 and a.privilege_type = 'EXECUTE'
        """,
        [*SCHEMAS, "public"],
    )
    assert executable == []


async def test_every_definer_function_has_a_fixed_search_path(catalogue: Connection) -> None:
    functions = await catalogue.fetch(
        """
        select p.oid::regprocedure::text as name, p.proconfig as settings
          from pg_proc p join pg_namespace n on n.oid = p.pronamespace
         where p.prosecdef and n.nspname = any($1)
        """,
        [*SCHEMAS, "public"],
    )
    assert len(functions) >= 5
    safe = {'search_path=""', "search_path=pg_catalog", "search_path=pg_catalog, pg_temp"}
    assert [function["name"] for function in functions if not safe & set(function["settings"] or ())] == []


async def test_views_that_users_read_show_what_the_user_may_see(catalogue: Connection) -> None:
    """A view runs as its owner unless it says otherwise, and its owner sees every account."""
    leaky = await _names(
        catalogue,
        """
        select c.oid::regclass::text
          from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where c.relkind in ('v', 'm') and n.nspname = any($1)
           and not coalesce(c.reloptions, '{}') && array['security_invoker=true', 'security_invoker=on']
           and (has_table_privilege('authenticated', c.oid, 'select')
                or has_table_privilege('anon', c.oid, 'select')
                or has_any_column_privilege('authenticated', c.oid, 'select'))
        """,
        [*SCHEMAS, "public"],
    )
    assert leaky == []


async def test_a_column_that_a_users_policy_looks_at_leads_an_index(catalogue: Connection) -> None:
    unindexed = await _names(
        catalogue,
        """
        with looked_at as (
          select distinct p.polrelid as table_id, a.attnum, a.attname
            from pg_policy p
            join pg_depend d on d.classid = 'pg_policy'::regclass and d.objid = p.oid
                            and d.refclassid = 'pg_class'::regclass and d.refobjid = p.polrelid and d.refobjsubid > 0
            join pg_attribute a on a.attrelid = p.polrelid and a.attnum = d.refobjsubid
           where 'authenticated'::regrole = any(p.polroles)
        )
        select l.table_id::regclass || '.' || l.attname from looked_at l
         where not exists (select from pg_index i
                            where i.indrelid = l.table_id and i.indkey[0] = l.attnum and i.indpred is null)
        """,
    )
    assert unindexed == []


async def test_anonymous_users_may_read_and_write_no_table(catalogue: Connection) -> None:
    open_tables = await _names(
        catalogue,
        """
        select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where c.relkind in ('r', 'p', 'v', 'm') and n.nspname = any($1)
           and (has_table_privilege('anon', c.oid, 'select, insert, update, delete, truncate')
                or has_any_column_privilege('anon', c.oid, 'select, insert, update'))
        """,
        [*SCHEMAS, "public"],
    )
    assert open_tables == []


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
