"""public.deduct_credits, which callers of the earlier system know: positive grants, negative spends."""

import asyncio
from uuid import UUID, uuid4

import asyncpg
import pytest
from granting_ledger import GrantingLedger
from oslira_credits.domain.balance import Balance
from oslira_shared.postgres.clients import Pool

_DEDUCT = "select public.deduct_credits($1, $2, $3, $4, $5, $6)"


async def _deduct(pool: Pool, account_id: UUID, amount: int, key: str | None = None) -> UUID:
    return await pool.fetchval(_DEDUCT, account_id, amount, "analysis", "a light one", {"run": 1}, key)


async def test_positive_grants_and_negative_spends(
    pool: Pool, ledger: GrantingLedger, account_id: UUID
) -> None:
    await _deduct(pool, account_id, 5)
    transfer_id = await _deduct(pool, account_id, -2)
    assert (await ledger.account_balance(account_id)).balance == Balance(3, 0)
    row = await pool.fetchrow("select * from credits.transfers where id = $1", transfer_id)
    assert row is not None
    assert (row["transaction_type"], row["description"], row["metadata"]) == (
        "analysis",
        "a light one",
        {"run": 1},
    )


async def test_a_key_moves_credits_once(pool: Pool, ledger: GrantingLedger, account_id: UUID) -> None:
    granted = await asyncio.gather(*(_deduct(pool, account_id, 5, "in") for _ in range(5)))
    spent = await asyncio.gather(*(_deduct(pool, account_id, -2, "out") for _ in range(5)))
    assert (len(set(granted)), len(set(spent))) == (1, 1)
    assert (await ledger.account_balance(account_id)).balance == Balance(3, 0)


async def test_two_accounts_may_use_the_same_key(pool: Pool, account_id: UUID) -> None:
    assert await _deduct(pool, account_id, 5, "same") != await _deduct(pool, uuid4(), 5, "same")


async def test_what_is_not_there_cannot_be_spent(
    pool: Pool, ledger: GrantingLedger, account_id: UUID
) -> None:
    await _deduct(pool, account_id, 5)
    with pytest.raises(asyncpg.PostgresError, match="6 needed, 5 available") as refused:
        await _deduct(pool, account_id, -6)
    assert refused.value.sqlstate == "PT402"
    assert (await ledger.account_balance(account_id)).balance == Balance(5, 0)


async def test_an_amount_of_nothing_is_refused(pool: Pool, account_id: UUID) -> None:
    with pytest.raises(asyncpg.InvalidParameterValueError):
        await _deduct(pool, account_id, 0)


@pytest.mark.parametrize(("first", "second"), [(5, 6), (5, -5), (-2, -3), (-2, 2)])
async def test_a_key_that_moved_another_amount_is_refused(
    pool: Pool, ledger: GrantingLedger, account_id: UUID, first: int, second: int
) -> None:
    await _deduct(pool, account_id, 10)
    await _deduct(pool, account_id, first, "key")
    before = (await ledger.account_balance(account_id)).balance
    with pytest.raises(asyncpg.UniqueViolationError, match=f"moved {first} credits before, not {second}"):
        await _deduct(pool, account_id, second, "key")
    assert (await ledger.account_balance(account_id)).balance == before


async def test_the_smallest_integer_is_more_than_any_balance(pool: Pool, account_id: UUID) -> None:
    await _deduct(pool, account_id, 5)
    with pytest.raises(asyncpg.PostgresError, match="2147483648 needed, 5 available") as refused:
        await _deduct(pool, account_id, -2_147_483_648)
    assert refused.value.sqlstate == "PT402"
