"""The cost of many grants: balances, holds and settlements of accounts with thousands of them, also during write-off."""

import time
from collections.abc import Awaitable
from datetime import timedelta
from typing import TypeVar
from uuid import UUID, uuid4

import asyncpg
import pytest
from granting_ledger import GrantingLedger
from oslira_credits.infrastructure.audit import differences
from oslira_devstack.databases import Database
from oslira_shared.postgres.clients import Pool, open_pool

LIFE = timedelta(minutes=2)
_T = TypeVar("_T")
_GRANTS = """
    select count(*) from generate_series(1, $2) n
    cross join lateral credits.grant($1, 2, 'pack', $4 || n, $3) g
"""


async def grants(pool: Pool, account_id: UUID, count: int, *, expired_s: float | None = None) -> None:
    """As many grants of 2 credits; expired ones passed their time without being booked out."""
    expires_at = (
        None
        if expired_s is None
        else await pool.fetchval("select clock_timestamp() - make_interval(secs => $1)", expired_s)
    )
    # Each statement within the pool's limit.
    for made in range(0, count, 1_000):
        some = min(1_000, count - made)
        await pool.execute(_GRANTS, account_id, some, expires_at, f"{uuid4()}:")


async def timed(call: Awaitable[_T]) -> tuple[_T, float]:
    began = time.perf_counter()
    return await call, time.perf_counter() - began


async def test_an_account_that_is_busy_keeps_no_other_from_being_booked_out(database: Database) -> None:
    async with await open_pool(database.url("credits_service"), service="credits") as pool:
        busy, other = uuid4(), uuid4()
        await grants(pool, busy, 150, expired_s=60)
        await grants(pool, other, 3, expired_s=1)
        holder = await asyncpg.connect(database.admin_url)
        async with holder.transaction():
            await holder.execute("set local role credits_owner")
            await holder.execute("select credits.lock_account($1)", busy)
            assert await GrantingLedger(pool).expire(limit=100) == 3
        await holder.close()
        assert await GrantingLedger(pool).expire(limit=100) == 100
        assert await GrantingLedger(pool).expire(limit=100) == 50
        async with pool.acquire() as connection:
            assert await differences(connection) == []


async def _cliffs(database: Database, *, expired: int, small: int) -> None:
    async with await open_pool(database.url("credits_service"), service="credits") as pool:
        ledger, account_id, many = GrantingLedger(pool), uuid4(), uuid4()
        await grants(pool, account_id, expired, expired_s=60)
        await grants(pool, account_id, 3)
        await grants(pool, many, small)
        await pool.execute("select 1")
        account, balance_s = await timed(ledger.account_balance(account_id))
        assert (account.balance.available, len(account.grants)) == (6, 3)
        _, hold_s = await timed(ledger.hold(uuid4(), account_id, 1, life=LIFE))
        hold_id = uuid4()
        _, big_hold_s = await timed(ledger.hold(hold_id, many, 2 * small, life=LIFE))
        settlement, big_settle_s = await timed(ledger.settle(hold_id, small))
        assert (settlement.captured, settlement.released) == (small, small)
        booked, rounds, longest_s = 0, 0, 0.0
        while booked < expired:
            some, round_s = await timed(ledger.expire(limit=200))
            booked, rounds, longest_s = booked + some, rounds + 1, max(longest_s, round_s)
        async with pool.acquire() as connection:
            assert await differences(connection) == []
        print(  # noqa: T201  # the figures
            f"\n{expired} expired: balance {balance_s:.3f} s, hold {hold_s:.3f} s, {rounds} rounds, longest {longest_s:.3f} s;"
            f" {small} drawn: hold {big_hold_s:.3f} s, settle {big_settle_s:.3f} s"
        )
        assert balance_s < 1
        assert hold_s < 1
        assert big_hold_s < 2  # with room for a busy machine
        assert big_settle_s < 2


async def test_thousands_of_grants_make_no_cliff(database: Database) -> None:
    await _cliffs(database, expired=2_000, small=500)


@pytest.mark.campaign
@pytest.mark.timeout(1800)
async def test_tens_of_thousands_of_grants_make_no_cliff(database: Database) -> None:
    await _cliffs(database, expired=89_000, small=10_000)


_MANY = """
    with t as (
      insert into credits.transfers (idempotency_key, kind, account_id, transaction_type)
      values ('many', $2, $1, 'x') returning id
    )
    insert into credits.entries (transfer_id, line, account_id, balance_id, amount)
    select t.id, row_number() over (), b.account_id, b.id, case b.kind when 'available' then -1 else $3 end
    from t, credits.balances b where b.kind in ('available', 'held') and b.account_id = any($4::uuid[])
"""


@pytest.mark.parametrize(
    ("kind", "held", "of_both", "reason"),
    [
        ("hold", 2, False, "do not sum to 0"),
        ("thaw", 1, False, "does not move"),
        ("hold", 1, True, "another transfer or account"),
    ],
)
async def test_many_lines_are_held_to_the_same_rules_as_a_few(
    database: Database, *, kind: str, held: int, of_both: bool, reason: str
) -> None:
    one, other = uuid4(), uuid4()
    async with await open_pool(database.url("credits_service"), service="credits", min_size=1) as pool:
        await grants(pool, one, 60)
        await grants(pool, other, 60)
    owner = await asyncpg.connect(database.admin_url)
    async with owner.transaction():
        await owner.execute("set local role credits_owner")
        with pytest.raises(asyncpg.CheckViolationError, match=reason):
            async with owner.transaction():
                await owner.execute(_MANY, one, kind, held, [one, other] if of_both else [one])
        await owner.execute(_MANY, one, "hold", 1, [one])
    await owner.close()


async def test_a_grant_above_100_million_is_read_as_it_is(database: Database) -> None:
    async with await open_pool(database.url("credits_service"), service="credits") as pool:
        account_id = uuid4()
        await pool.execute("select credits.grant($1, 200000000, 'pack', 'big')", account_id)
        await pool.execute("select credits.revoke('big', null, 'all', $1)", account_id)
        async with pool.acquire() as connection:
            assert await differences(connection) == []
