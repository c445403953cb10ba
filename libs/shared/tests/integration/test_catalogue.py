"""The rules of the catalogue hold, and each one notices when it is broken."""

from collections.abc import AsyncGenerator

import asyncpg
import pytest
import pytest_asyncio
from catalogue_rules import FOR_USERS, RULES, broken
from oslira_devstack.databases import Database
from oslira_shared.postgres.clients import Connection


@pytest_asyncio.fixture(scope="module")
async def catalogue(module_database: Database) -> AsyncGenerator[Connection]:
    connection = await asyncpg.connect(module_database.admin_url)
    yield connection
    await connection.close()


async def test_every_rule_holds(catalogue: Connection) -> None:
    found = await broken(catalogue)
    assert not found, "\n".join(found)
    assert await catalogue.fetchval("select count(*) from pg_policies") > 60  # it did look at something


async def test_the_migrating_role_is_no_superuser(catalogue: Connection) -> None:
    row = await catalogue.fetchrow("select rolsuper, rolbypassrls from pg_roles where rolname = current_user")
    assert row is not None
    assert tuple(row) == (False, False)


async def test_functions_for_users_are_there(catalogue: Connection) -> None:
    for name in FOR_USERS:
        assert await catalogue.fetchval("select to_regprocedure('public.' || $1)", name) is not None


_BARE = "create policy bare on identity.members for select to authenticated using (user_id = auth.uid())"
_EACH_ROW = """
create policy each_row on analysis.leads for select to authenticated
  using (exists (select from public.user_account_ids() as mine (id) where mine.id = account_id))
"""
_BY_USER = "create policy by_user on analysis.leads for select to authenticated using (username = 'x')"
_ASKS_EACH_TIME = """
create function identity.mine(p_id uuid) returns boolean language sql stable set search_path = '' as $$
  select p_id = auth.uid()
$$
"""
_DEFINER = """
create function billing.all_of_it() returns bigint language sql stable security definer as $$
  select count(*) from billing.subscriptions
$$
"""
_LEAKY_VIEW = """
create view analysis.everything as select * from analysis.leads; grant select on analysis.everything to authenticated
"""
_MUTATIONS = {
    "a policy is dropped": ("identity", "drop policy service_all on identity.accounts", "one for a service"),
    "the users' policy is dropped": (
        "analysis",
        "drop policy members_read on analysis.leads",
        "named by a policy: analysis.leads authenticated",
    ),
    "forcing ends": (
        "credits",
        "alter table credits.grants no force row level security",
        "enabled and forced",
    ),
    "row-level security is off": (
        "billing",
        "alter table billing.invoices disable row level security",
        "enabled and forced",
    ),
    "a policy is bare": ("identity", _BARE, "auth.uid() once for each row: identity.members bare"),
    "accounts are asked for each row": ("analysis", _EACH_ROW, "accounts once for each row"),
    "a policy isn't by account": ("analysis", _BY_USER, "by account: analysis.leads by_user"),
    "a policy is for everybody": (
        "identity",
        "create policy all_read on identity.accounts for select using (true)",
        "no policy is for everybody",
    ),
    "a function asks each time": ("identity", _ASKS_EACH_TIME, "no function asks auth.uid()"),
    "a policy's index is dropped": (
        "billing",
        "drop index billing.subscriptions_account",
        "a user's policy looks at leads an index: billing.subscriptions.account_id",
    ),
    "an index for what is asked often is dropped": (
        "analysis",
        "drop index analysis.runs_status",
        "asked often has an index: analysis.runs (account_id, state)",
    ),
    "a foreign key's index is dropped": (
        "analysis",
        "drop index analysis.analyses_listed",
        "foreign key's column leads an index: analysis.analyses.lead_id",
    ),
    "a definer's search path is open": ("billing", _DEFINER, "fixed search path: billing.all_of_it"),
    "a function is everybody's": (
        "credits",
        "grant execute on function credits.available(uuid) to public",
        "no function is everybody's",
    ),
    "users may run a definer function": (
        "billing",
        "grant execute on function billing.set_manual_plan(uuid, text) to authenticated",
        "users run no definer function",
    ),
    "a view shows everything": ("analysis", _LEAKY_VIEW, "show what the user may see: analysis.everything"),
    "anonymous users read": (
        "identity",
        "grant select on identity.users to anon",
        "anonymous users touch no",
    ),
    "something is everybody's": (
        "identity",
        "grant select on identity.users to public",
        "granted to everybody",
    ),
    "something is owned by another": (
        "identity",
        "reset role; create table identity.mine (id uuid)",
        "belongs to its owner",
    ),
}


@pytest.mark.parametrize("what", _MUTATIONS)
async def test_a_rule_that_is_broken_is_named(catalogue: Connection, what: str) -> None:
    schema, change, complaint = _MUTATIONS[what]
    trial = catalogue.transaction()
    await trial.start()
    try:
        if "identity.mine (id" in change:  # the migrator may make nothing in a schema until its owner lets it
            await catalogue.execute(
                "set local role identity_owner; grant create on schema identity to oslira_migrator"
            )
        await catalogue.execute(f"set local role {schema}_owner; {change}")
        await catalogue.execute("reset role")
        found = await broken(catalogue)
    finally:
        await trial.rollback()
    assert any(complaint in line for line in found), found


def test_every_rule_says_what_must_be_true() -> None:
    assert len(RULES) > 15
