"""The audit names what doesn't add up. Each test has a database of its own to damage."""

from collections.abc import AsyncGenerator
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio
from oslira_credits.infrastructure.audit import differences, open_holds
from oslira_credits.infrastructure.postgres import PostgresLedger
from oslira_devstack.databases import Database
from oslira_shared.postgres.clients import Pool, open_pool

_UNGUARDED = "alter table credits.transfers disable trigger user"
_EMPTY_TRANSFER = (
    f"{_UNGUARDED}; insert into credits.transfers (idempotency_key, kind, account_id, transaction_type)"
    " select 'x', 'spend', account_id, 'x' from credits.grants"
)


@pytest_asyncio.fixture
async def own_pool(database: Database) -> AsyncGenerator[Pool]:
    pool = await open_pool(database.url("credits_service"), service="credits")
    yield pool
    await pool.close()


@pytest_asyncio.fixture
async def hold_id(own_pool: Pool, account_id: UUID) -> UUID:
    """An open hold, beside a settled one."""
    ledger = PostgresLedger(own_pool)
    await ledger.grant(account_id, 9, source="pack", key="one")
    hold_id, settled = uuid4(), uuid4()
    await ledger.hold(hold_id, account_id, 2, life=timedelta(minutes=2))
    await ledger.hold(settled, account_id, 3, life=timedelta(minutes=2))
    await ledger.settle(settled, 1)
    return hold_id


async def test_a_sound_ledger_has_no_difference(own_pool: Pool, hold_id: UUID, account_id: UUID) -> None:
    async with own_pool.acquire() as connection:
        assert await differences(connection) == []
        (hold,) = await open_holds(connection)
    assert (hold.hold_id, hold.account_id, hold.amount_credits) == (hold_id, account_id, 2)


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (
            "update credits.balances set amount = amount + 1 where kind = 'spent'",
            {"balance_is_not_its_entries"},
        ),
        (
            "update credits.balances set amount = amount + 1 where kind = 'held'",
            {"balance_is_not_its_entries", "held_is_not_its_holds"},
        ),
        (
            "update credits.holds set captured = 2, released = 1 where state = 'settled'",
            {"settlement_is_not_its_entries"},
        ),
        ("update credits.holds set amount = 1 where state = 'open'", {"held_is_not_its_holds"}),
        ("update credits.grants set idempotency_key = 'other'", {"grant_without_transfer"}),
        (_EMPTY_TRANSFER, {"transfer_is_not_zero"}),
        (
            f"{_UNGUARDED}; update credits.transfers set account_id = gen_random_uuid() where kind = 'hold'",
            {"entry_of_another_account"},
        ),
    ],
)
async def test_each_kind_of_damage_is_named(
    database: Database, own_pool: Pool, hold_id: UUID, damage: str, found: set[str]
) -> None:
    assert hold_id
    connection = await asyncpg.connect(database.admin_url)
    await connection.execute(f"begin; set local role credits_owner; {damage}; commit")
    await connection.close()
    async with own_pool.acquire() as audited:
        named = await differences(audited)
    assert {difference.what for difference in named} == found
    assert all(difference.id and difference.detail for difference in named)
