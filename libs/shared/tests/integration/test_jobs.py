"""The job runner on a real Postgres: a slot is run once for any number of ticks, and taken over after a crash."""

import asyncio
import dataclasses
import time
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime
from typing import Any, Final

import pytest
import pytest_asyncio
from oslira_devstack.databases import Database
from oslira_shared.errors import OsliraError
from oslira_shared.jobs import JobOwner, JobProgress
from oslira_shared.postgres.batches import delete_batch
from oslira_shared.postgres.clients import AdminClient, Pool, open_pool
from prometheus_client import REGISTRY

SLOT: Final = datetime(2026, 2, 1, 3, tzinfo=UTC)
Act = Callable[[JobProgress], Any]


@pytest_asyncio.fixture
async def pool(database: Database) -> AsyncGenerator[Pool]:
    async with await open_pool(database.url("credits_service"), service="test", max_size=20) as opened:
        yield opened


class Replica(JobOwner):
    """One process's owner of a job `work`, with short leases and no waiting between attempts."""

    def __init__(self, pool: Pool, act: Act, *, lease_s: float = 15.0) -> None:
        async def work(_slot: datetime, progress: JobProgress) -> None:
            await act(progress)

        super().__init__(AdminClient(pool), "credits", {"work": work})
        table = dataclasses.replace(self.rows.table, lease_s=lease_s, backoff_base_s=0.0, hint_every_s=0.0)
        self.rows.table = self._lease_keeper.table = table

    async def settle(self) -> None:
        """Until what it works on has ended."""
        while self._lease_keeper.load:
            await asyncio.sleep(0.01)


async def row(pool: Pool) -> dict[str, Any]:
    found = await pool.fetchrow("select * from credits.job_runs")
    assert found is not None
    return dict(found)


async def test_a_slot_that_many_tell_of_at_once_is_acted_on_once(pool: Pool) -> None:
    acted: list[int] = []

    async def act(progress: JobProgress) -> None:
        acted.append(1)
        async with progress.item("one"):
            await asyncio.sleep(0.05)

    replicas = [Replica(pool, act) for _ in range(3)]
    await asyncio.gather(*(replica.tick("work", SLOT) for replica in replicas for _ in range(5)))
    for replica in replicas:
        await replica.settle()
    await asyncio.gather(*(replica.tick("work", SLOT) for replica in replicas))
    assert acted == [1]
    kept = await row(pool)
    assert (kept["state"], kept["attempt"]) == ("done", 1)
    assert kept["counts"]["succeeded"] == kept["counts"]["processed"] == 1


async def test_a_process_that_dies_in_mid_job_is_taken_over_and_its_count_goes_on(pool: Pool) -> None:
    async def get_stuck(progress: JobProgress) -> None:
        progress.deleted["things"] = 7
        await asyncio.sleep(60)

    async def finish(progress: JobProgress) -> None:
        progress.deleted["things"] += 3

    dying, next_one = Replica(pool, get_stuck, lease_s=0.3), Replica(pool, finish)
    await dying.tick("work", SLOT)
    await asyncio.sleep(0)
    await dying.extend_leases()  # its last one: from here on nothing keeps the lease
    await next_one.sweep()
    assert (await row(pool))["attempt"] == 1, "its lease still held"
    await asyncio.sleep(0.35)
    await next_one.sweep()
    await next_one.settle()
    kept = await row(pool)
    assert (kept["state"], kept["attempt"], kept["counts"]["deleted"]) == ("done", 2, {"things": 10})
    await dying.stop()
    assert (await row(pool))["state"] == "done"


async def test_one_failing_item_stops_no_other_and_is_tried_again(pool: Pool) -> None:
    broken, done = {"b"}, list[str]()

    async def act(progress: JobProgress) -> None:
        for name in "abc":
            async with progress.item(name):
                if name in done:
                    continue
                if name in broken:
                    raise ValueError("no")
                done.append(name)

    replica = Replica(pool, act)
    await replica.tick("work", SLOT)
    await replica.settle()
    kept = await row(pool)
    assert done == ["a", "c"]
    assert (kept["state"], kept["counts"]["succeeded"], kept["counts"]["failed"]) == ("due", 2, 1)
    assert kept["counts"]["reasons"] == ["b: ValueError: no"]
    broken.clear()
    await replica.sweep()
    await replica.settle()
    kept = await row(pool)
    assert (kept["state"], kept["counts"]["failed"], kept["reason"]) == ("done", 0, None)


async def test_a_job_that_never_works_ends_failed_with_its_reason(pool: Pool) -> None:
    async def act(_progress: JobProgress) -> None:
        raise ValueError("never")

    replica = Replica(pool, act)
    await replica.tick("work", SLOT)
    for _ in range(13):
        await replica.settle()
        await replica.sweep()
    kept = await row(pool)
    assert (kept["state"], kept["attempt"], kept["reason"]) == ("failed", 10, "ValueError: never")


async def test_a_restart_hands_the_slot_back_without_counting_a_failure(pool: Pool) -> None:
    async def act(_progress: JobProgress) -> None:
        await asyncio.sleep(60)

    replica = Replica(pool, act)
    replica.stop_grace_s = 0.0
    await replica.tick("work", SLOT)
    await replica.stop()
    kept = await row(pool)
    assert (kept["state"], kept["failures"], kept["lease_until"]) == ("due", 0, None)


async def test_another_owners_job_leaves_no_row(pool: Pool) -> None:
    async def act(_progress: JobProgress) -> None: ...

    with pytest.raises(OsliraError, match="work"):
        await Replica(pool, act).tick("monthly-renewal", SLOT)
    assert await pool.fetchval("select count(*) from credits.job_runs") == 0


async def test_a_batch_would_rather_fail_than_wait_for_a_lock(pool: Pool, database: Database) -> None:
    """And what somebody has locked is left for later, where the statement says so."""
    await pool.execute(
        "insert into credits.job_runs (id, job, slot, state) select gen_random_uuid(), 'x', now() - n * interval '1 h', 'done'"
        " from generate_series(1, 5) n"
    )
    async with await open_pool(database.url("credits_service"), service="other", min_size=1) as other:
        async with other.acquire() as connection, connection.transaction():
            await connection.execute("select from credits.job_runs order by slot limit 1 for update")
            skipping = """delete from credits.job_runs where id in
                (select id from credits.job_runs limit $1 for update skip locked)"""
            client = AdminClient(pool)
            assert await delete_batch(client, skipping, limit=3) == 3
            assert await delete_batch(client, skipping) == 1
            assert await delete_batch(client, skipping) == 0
        assert await delete_batch(client, skipping) == 1


def awaited_since() -> float | None:
    """What Prometheus reads of the job `work`."""
    return REGISTRY.get_sample_value("oslira_job_awaited_since_timestamp_seconds", {"job_name": "work"})


async def test_a_job_that_was_never_done_is_awaited_until_it_is(pool: Pool) -> None:
    is_failing = True

    async def act(_progress: JobProgress) -> None:
        if is_failing:
            raise RuntimeError("no")

    replica = Replica(pool, act)
    started_at = time.time()
    await replica.measure()
    assert awaited_since() == pytest.approx(started_at, abs=5)  # no tick has come
    await replica.tick("work", SLOT)
    await replica.settle()
    await replica.measure()
    assert awaited_since() == SLOT.timestamp()
    is_failing = False
    await replica.sweep()
    await replica.settle()
    await replica.measure()
    assert awaited_since() is None
    done = REGISTRY.get_sample_value("oslira_job_last_done_timestamp_seconds", {"job_name": "work"})
    assert done == SLOT.timestamp()
