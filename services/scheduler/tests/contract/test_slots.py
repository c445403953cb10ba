"""One suite over memory and Postgres."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from memory_slots import MemorySlots
from oslira_devstack.databases import Database
from oslira_scheduler.application.ports import Slot, Slots
from oslira_scheduler.infrastructure.postgres import PostgresSlots
from oslira_shared.postgres.clients import AdminClient, open_pool

FIRST = Slot("daily-cleanup", datetime(2026, 1, 30, 2, tzinfo=UTC))
SECOND = Slot("daily-cleanup", FIRST.at + timedelta(days=1))
OTHER = Slot("invoice-reconciliation", FIRST.at + timedelta(hours=2))


@pytest_asyncio.fixture(params=["memory", "postgres"])
async def slots(request: pytest.FixtureRequest, database: Database) -> AsyncGenerator[Slots]:
    if request.param == "memory":
        yield MemorySlots(datetime.now(UTC))
        return
    pool = await open_pool(database.url("scheduler_service"), service="scheduler", min_size=1)
    yield PostgresSlots(AdminClient(pool))
    await pool.close()


async def test_the_clock_is_now(slots: Slots) -> None:
    assert abs(await slots.now() - datetime.now(UTC)) < timedelta(minutes=1)


async def test_a_baseline_is_set_once_and_never_owed(slots: Slots) -> None:
    await slots.begin(FIRST)
    await slots.begin(SECOND)
    assert await slots.latest() == {FIRST.job: FIRST.at}
    assert await slots.claim(limit=10) == []


async def test_a_slot_is_taken_by_one_and_published_once(slots: Slots) -> None:
    await slots.begin(FIRST)
    await slots.enqueue([SECOND])
    await slots.enqueue([FIRST, SECOND])
    assert await slots.claim(limit=10) == [SECOND]
    assert await slots.claim(limit=10) == []
    await slots.published(SECOND)
    await slots.enqueue([SECOND])
    assert await slots.claim(limit=10) == []
    assert await slots.latest() == {FIRST.job: SECOND.at}


async def test_owed_slots_come_oldest_first_and_in_bounded_numbers(slots: Slots) -> None:
    await slots.enqueue([SECOND, OTHER, FIRST])
    assert await slots.claim(limit=2) == [FIRST, OTHER]
    assert await slots.claim(limit=2) == [SECOND]


async def test_after_a_wipe_only_the_newest_published_slot_of_a_job_is_owed_again(slots: Slots) -> None:
    await slots.begin(OTHER)
    await slots.enqueue([FIRST, SECOND])
    for slot in await slots.claim(limit=10):
        await slots.published(slot)
    await slots.requeue_latest()
    assert await slots.claim(limit=10) == [SECOND]


async def test_what_is_long_published_is_forgotten_and_the_newest_slot_never(slots: Slots) -> None:
    later = Slot(FIRST.job, FIRST.at + timedelta(days=100))
    await slots.begin(FIRST)
    await slots.enqueue([SECOND, later])
    await slots.published(SECOND)
    await slots.published(later)
    await slots.enqueue([SECOND])
    assert await slots.claim(limit=10) == [SECOND]
    assert await slots.latest() == {FIRST.job: later.at}
