"""An answer that was paid for and can't be written down is counted, for an alert."""

import asyncpg
import pytest
from oslira_analysis.application.rows import Usage
from oslira_analysis.infrastructure.postgres.calls import PostgresCalls
from oslira_analysis.metrics import PAID_ANSWERS_LOST
from oslira_devstack.databases import Database
from oslira_shared.ids import new_id
from oslira_shared.postgres.clients import AdminClient, open_pool
from prometheus_client import REGISTRY


def lost() -> float:
    assert PAID_ANSWERS_LOST  # registered
    return REGISTRY.get_sample_value("oslira_paid_answers_lost_total") or 0.0


async def test_an_answer_that_postgres_rejects_is_counted_as_lost(database: Database) -> None:
    async with await open_pool(database.url("analysis_service"), service="test") as pool:
        before = lost()
        with pytest.raises(asyncpg.DataError):
            await PostgresCalls(AdminClient(pool)).complete(new_id(), Usage("failed", 1, error="\0"), None)
    assert lost() == before + 1


async def test_an_answer_is_counted_as_lost_if_postgres_is_unavailable_for_too_long(
    database: Database,
) -> None:
    async with await open_pool(database.url("analysis_service"), service="test") as pool:
        calls = PostgresCalls(AdminClient(pool), keep_s=0.2)
        await pool.close()
        before = lost()
        with pytest.raises(asyncpg.InterfaceError):
            await calls.complete(new_id(), Usage("failed", 1), None)
    assert lost() == before + 1
