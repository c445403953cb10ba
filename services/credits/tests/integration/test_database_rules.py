"""What the database rejects, for every role."""

from collections.abc import AsyncGenerator
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio
from granting_ledger import GrantingLedger
from oslira_devstack.databases import Database
from oslira_shared.postgres.clients import Connection, Pool, UserClient

SERVICES = ("gateway_service", "credits_service", "analysis_service", "billing_service", "scheduler_service")


@pytest_asyncio.fixture
async def owner(module_database: Database) -> AsyncGenerator[Connection]:
    """A connection that acts as the schema's owner, in a transaction that is rolled back."""
    connection = await asyncpg.connect(module_database.admin_url)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("set local role credits_owner")
    yield connection
    await transaction.rollback()
    await connection.close()


@pytest_asyncio.fixture
async def funded(ledger: GrantingLedger, account_id: UUID) -> UUID:
    await ledger.grant(account_id, 5, source="pack", key=str(uuid4()))
    return account_id


@pytest.mark.parametrize("table", ["transfers", "entries"])
@pytest.mark.parametrize(
    "change", ["update credits.{} set account_id = account_id", "delete from credits.{}"]
)
async def test_what_was_written_stays_also_for_the_owner(
    owner: Connection, funded: UUID, table: str, change: str
) -> None:
    assert funded
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await owner.execute(change.format(table))


@pytest.mark.parametrize("table", ["transfers", "entries"])
async def test_an_owner_who_gives_itself_the_right_is_refused_by_the_trigger(
    owner: Connection, funded: UUID, table: str
) -> None:
    assert funded
    await owner.execute(
        "grant update, delete, truncate on credits.transfers, credits.entries, credits.statement_lines to credits_owner"
    )
    for change in (f"update credits.{table} set account_id = account_id", f"delete from credits.{table}"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="immutable"):
            async with owner.transaction():
                await owner.execute(change)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="immutable"):
        await owner.execute("truncate credits.transfers, credits.entries, credits.statement_lines")


async def _transfer(owner: Connection, account_id: UUID, *amounts: tuple[str, int]) -> None:
    transfer_id = await owner.fetchval(
        "insert into credits.transfers (idempotency_key, kind, account_id, transaction_type)"
        " values ($1, 'spend', $2, 'test') returning id",
        str(uuid4()),
        account_id,
    )
    await owner.execute(
        "insert into credits.entries select $1, l.n, $2, b.id, l.amount"
        " from unnest($3::text[], $4::int[]) with ordinality as l(kind, amount, n)"
        " join credits.balances b on b.account_id = $2 and b.kind = l.kind",
        transfer_id,
        account_id,
        [kind for kind, _ in amounts],
        [amount for _, amount in amounts],
    )
    await owner.execute("set constraints all immediate")


@pytest.mark.parametrize("amounts", [(), (("available", 1),), (("available", -2), ("spent", 1))])
async def test_a_transfer_that_does_not_sum_to_zero_is_refused(
    owner: Connection, funded: UUID, amounts: tuple[tuple[str, int], ...]
) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match="to 0"):
        await _transfer(owner, funded, *amounts)


async def test_a_negative_balance_is_refused(owner: Connection, funded: UUID) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match="balances_never_negative"):
        await _transfer(owner, funded, ("available", -6), ("spent", 6))


async def test_entries_move_their_balances_by_themselves(owner: Connection, funded: UUID) -> None:
    await _transfer(owner, funded, ("available", -2), ("spent", 2))
    spent = "select amount from credits.balances where account_id = $1 and kind = 'spent'"
    assert await owner.fetchval(spent, funded) == 2


@pytest.mark.parametrize("amount", [0, -1, None])
async def test_no_hold_and_no_grant_is_of_less_than_one_credit(
    pool: Pool, funded: UUID, amount: int | None
) -> None:
    with pytest.raises(asyncpg.InvalidParameterValueError):
        await pool.execute("select credits.hold($1, $2, $3, '2 min')", uuid4(), funded, amount)
    with pytest.raises(asyncpg.InvalidParameterValueError):
        await pool.execute("select credits.grant($1, $2, 'pack', 'less-than-one')", funded, amount)


_ID = "'00000000-0000-4000-8000-000000000001'::uuid"


@pytest.mark.parametrize(
    ("statement", "allowed"),
    [
        (f"select credits.hold({_ID}, {_ID}, 1, '1 min')", {"credits_service"}),
        (f"select credits.settle({_ID}, 0)", {"credits_service"}),
        (f"select credits.extend_hold({_ID}, '1 min')", {"credits_service"}),
        (f"select credits.grant({_ID}, 1, 'pack', 'who')", {"credits_service", "billing_service"}),
        (f"select public.deduct_credits({_ID}, 1, 'pack', '')", {"credits_service"}),
        ("select * from credits.settlements", {"analysis_service"}),
        ("select * from credits.v_balances", {"credits_service"}),
        ("select * from credits.balances", {"credits_service"}),
        ("update credits.holds set due_at = due_at", {"credits_service"}),
        ("update credits.holds set captured = 0", set[str]()),
        ("update credits.balances set amount = 0", set[str]()),
        ("insert into credits.grants default values", set[str]()),
        (f"select credits.revoke('who', null, 'who', {_ID})", {"credits_service", "billing_service"}),
        (f"select credits.freeze('who', 'who', {_ID})", {"credits_service", "billing_service"}),
        (f"select credits.unfreeze('who', 'who', {_ID})", {"credits_service", "billing_service"}),
        ("select credits.expire_due(1)", {"credits_service"}),
        ("update credits.account_balances set available = 0", set[str]()),
        ("update credits.revocations set taken = 0", set[str]()),
        ("delete from credits.freezes", set[str]()),
        ("insert into credits.notices default values", set[str]()),
        ("update credits.notices set kind = kind", set[str]()),
        ("delete from credits.notices", {"credits_service"}),
        ("update credits.policy set low_balance_credits = 1", {"credits_service"}),
        (f"select credits.draw({_ID}, {_ID}, 1, 'spent', now())", set[str]()),
        (f"select credits.post({_ID}, {_ID}, '{{}}')", set[str]()),
        (f"select credits.lock_account({_ID})", set[str]()),
    ],
)
async def test_each_may_do_what_it_has_to(
    module_database: Database, statement: str, allowed: set[str]
) -> None:
    may: set[str] = set()
    for role in SERVICES:
        connection = await asyncpg.connect(module_database.url(role))
        try:
            await connection.execute(f"begin; {statement}; rollback")
            may.add(role)
        except asyncpg.InsufficientPrivilegeError:
            pass
        finally:
            await connection.close()
    assert may == allowed


async def test_a_user_who_belongs_to_no_account_sees_nothing_and_may_do_nothing(
    module_database: Database, funded: UUID
) -> None:
    assert funded
    pool = await asyncpg.create_pool(module_database.url("gateway_service"), min_size=1, max_size=1)
    user = UserClient(pool, claims={"role": "authenticated", "sub": str(uuid4())})
    for table in ("grants", "balances", "account_balances", "transfers", "entries"):
        async with user.transaction() as connection:
            assert await connection.fetch(f"select * from credits.{table}") == []
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with user.transaction() as connection:
            await connection.execute("select * from credits.holds")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with user.transaction() as connection:
            await connection.execute(f"select public.deduct_credits({_ID}, 1, 'x', '')")
    await pool.close()


async def test_a_member_sees_its_own_account_and_no_other(
    module_database: Database, ledger: GrantingLedger, funded: UUID
) -> None:
    await ledger.grant(uuid4(), 5, source="pack", key=str(uuid4()))
    admin = await asyncpg.connect(module_database.admin_url)
    member = admin.transaction()
    await member.start()
    # Membership is the gateway's; here it is enough that the policies ask for it.
    await admin.execute(
        "set local role identity_owner;"
        " create or replace function public.user_account_ids() returns setof uuid"
        f" language sql stable security definer set search_path = '' as $$ select '{funded}'::uuid $$;"
        " reset role; set local role credits_owner; grant select on credits.v_balances to authenticated;"
        " reset role; grant authenticated to current_user; set local role authenticated"
    )
    for table in ("grants", "balances", "account_balances", "transfers", "entries", "v_balances"):
        rows = await admin.fetch(f"select account_id from credits.{table}")
        assert {row["account_id"] for row in rows} == {funded}, table
    await member.rollback()
    await admin.close()


async def test_nothing_here_is_owned_by_anyone_else_or_executable_by_everyone(owner: Connection) -> None:
    functions = await owner.fetch(
        "select p.proname, r.rolname, p.proconfig, has_function_privilege('anon', p.oid, 'execute') as open"
        " from pg_proc p join pg_roles r on r.oid = p.proowner join pg_namespace n on n.oid = p.pronamespace"
        " where n.nspname = 'credits' or p.proname = 'deduct_credits'"
    )
    assert functions
    for function in functions:
        assert function["rolname"] == "credits_owner"
        assert function["proconfig"] == ['search_path=""']
        assert not function["open"], function["proname"]
    tables = await owner.fetch(
        "select c.relname, c.relrowsecurity and c.relforcerowsecurity as forced from pg_class c"
        " where c.relnamespace = 'credits'::regnamespace and c.relkind = 'r'"
    )
    assert tables
    assert all(table["forced"] for table in tables)
