"""Case 96, DATABASE_POOLED: behind a pooler in transaction mode every statement finds what it has prepared.

It rests on asyncpg: it asks for a description by Flush, so Parse and Bind go to one server. Seen with pgbouncer 1.18 as well.
"""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from oslira_devstack.databases import Database
from oslira_shared.ids import new_id
from oslira_shared.postgres.clients import AdminClient, Pool, UserClient, open_pool
from transaction_pooler import TransactionPooler, transaction_pooler

CLIENTS, STATEMENTS = 20, 25


@pytest_asyncio.fixture
async def pooler(module_database: Database) -> AsyncGenerator[tuple[TransactionPooler, str]]:
    async with transaction_pooler(module_database.url("gateway_service")) as running:
        yield running


@pytest_asyncio.fixture
async def pool(pooler: tuple[TransactionPooler, str]) -> AsyncGenerator[Pool]:
    async with await open_pool(
        pooler[1], service="gateway", min_size=8, max_size=8, pooled_url=True
    ) as opened:
        yield opened


async def many(pool: Pool, number: int) -> None:
    """Each kind of statement, each with a text of its own, so that another client's statement would answer wrongly."""
    for turn in range(STATEMENTS):
        async with AdminClient(pool).connection() as connection:
            assert await connection.fetchval(f"select $1::int + {number}", turn) == turn + number
            row = await connection.fetchrow(f"select $1::jsonb as json, {number} as number", {"turn": turn})
            assert row is not None
            assert (row["json"], row["number"]) == ({"turn": turn}, number)
        assert len(await pool.fetch(f"select {number} from generate_series(1, $1::int)", turn)) == turn
        assert await pool.execute(f"select {number} where $1::int > 0", turn + 1) == "SELECT 1"


async def test_statements_outside_transactions_work_under_load(
    pool: Pool, pooler: tuple[TransactionPooler, str]
) -> None:
    before = pooler[0].transactions
    await asyncio.gather(*(many(pool, number) for number in range(CLIENTS)))
    assert pooler[0].transactions - before == CLIENTS * STATEMENTS * 4


async def test_the_pooler_of_this_test_is_one_that_kept_statements_do_not_survive(
    pooler: tuple[TransactionPooler, str],
) -> None:
    async with (
        await open_pool(pooler[1], service="gateway", min_size=2, max_size=2) as kept,
        kept.acquire() as connection,
    ):
        await connection.fetchval("select $1::int + 1", 1)
        with pytest.raises(asyncpg.InvalidSQLStatementNameError):
            await connection.fetchval("select $1::int + 1", 1)


async def test_transactions_stay_whole_and_users_stay_apart(pool: Pool) -> None:
    async def as_user() -> None:
        user_id = str(new_id())
        async with UserClient(
            pool, claims={"sub": user_id, "role": "authenticated"}
        ).transaction() as connection:
            for _ in range(5):
                assert str(await connection.fetchval("select auth.uid()")) == user_id
        async with AdminClient(pool).connection() as connection:
            assert await connection.fetchval("select current_user::text") == "gateway_service"

    await asyncio.gather(*(as_user() for _ in range(CLIENTS)))


async def test_a_statement_that_fails_leaves_the_connection_usable(pool: Pool) -> None:
    async def fails() -> Any:
        try:
            await pool.fetchval("select 1 / $1::int", 0)
        except asyncpg.DivisionByZeroError:
            return await pool.fetchval("select $1::int", 7)

    assert await asyncio.gather(*(fails() for _ in range(CLIENTS))) == [7] * CLIENTS


async def test_many_rows_are_written_as_one(pool: Pool) -> None:
    async with AdminClient(pool).connection() as connection:
        ids = [new_id() for _ in range(10)]
        await connection.executemany(
            "insert into identity.users (id, email) values ($1, $2)",
            [(one, f"{one}@example.com") for one in ids],
        )
        found = await connection.fetchval(
            "select count(*) from identity.users where id = any($1::uuid[])", ids
        )
    assert found == len(ids)
