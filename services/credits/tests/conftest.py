"""A migrated database for a whole module: each test keeps to accounts of its own."""

from collections.abc import AsyncGenerator
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from granting_ledger import GrantingLedger
from oslira_devstack.databases import Database
from oslira_shared.postgres.clients import Pool, open_pool


@pytest_asyncio.fixture(scope="module")
async def pool(module_database: Database) -> AsyncGenerator[Pool]:
    pool = await open_pool(module_database.url("credits_service"), service="credits", max_size=16)
    yield pool
    await pool.close()


@pytest.fixture
def ledger(pool: Pool) -> GrantingLedger:
    return GrantingLedger(pool)


@pytest.fixture
def account_id() -> UUID:
    return uuid4()
