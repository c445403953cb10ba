"""Rows that several transactions lock together are locked in one order, so none of them is a deadlock's victim."""

import asyncio
from collections.abc import AsyncGenerator
from decimal import Decimal

import pytest_asyncio
from oslira_analysis.infrastructure.seeds import seed
from oslira_devstack.databases import Database
from oslira_shared.postgres.clients import AdminClient
from waiting_rows import WaitingRows, waiting_rows

ROUNDS = 60


@pytest_asyncio.fixture
async def rows(database: Database) -> AsyncGenerator[WaitingRows]:
    async with waiting_rows(database) as rows:
        yield rows


async def test_a_replica_that_starts_and_one_that_promotes_never_deadlock(rows: WaitingRows) -> None:
    client = AdminClient(rows.pool)

    async def start(caps: tuple[int, int]) -> None:
        for _ in range(ROUNDS):
            await seed(
                client,
                scrape_slots=caps[0],
                score_slots=caps[1],
                ageing_s=60 + caps[0],
                daily_limit_usd=Decimal(1),
            )

    async def promote() -> None:
        for _ in range(3 * ROUNDS):
            await rows.promoted()

    # Raises DeadlockDetectedError otherwise. Two settings, as in a rolling release, so that every start writes.
    await asyncio.gather(start((10, 60)), start((11, 61)), promote(), promote())
