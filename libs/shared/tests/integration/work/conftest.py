from collections.abc import AsyncGenerator

import pytest_asyncio
from oslira_devstack.databases import Database
from oslira_shared.postgres.clients import Pool, open_pool
from work_rows import SCHEMA


@pytest_asyncio.fixture
async def pool(database: Database) -> AsyncGenerator[Pool]:
    async with await open_pool(database.admin_url, service="test", max_size=20) as opened:
        await opened.execute(SCHEMA)
        yield opened
