"""The heartbeat of work rows: leases, cancels, capacity, stop."""

import asyncio
import time

import pytest
from oslira_shared.errors import OsliraError
from oslira_shared.postgres.clients import AdminClient, Pool
from oslira_shared.work import LeaseKeeper
from oslira_shared.work.lease_keeper import extend_leases
from work_rows import BRIEF, TABLE, add_rows, claim_row, move, sweep_rows


async def test_a_cancel_in_mid_work_stops_the_task_at_the_next_beat(pool: Pool) -> None:
    (row_id,) = await add_rows(pool)
    held = await claim_row(pool, row_id)
    lease_keeper = LeaseKeeper(AdminClient(pool), TABLE, capacity=4)
    stopped = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            stopped.set()
            raise

    lease_keeper.start(held, work())
    await lease_keeper.extend_leases()
    assert not stopped.is_set()
    await pool.execute(
        "update jobs.jobs set state = 'cancelled', attempt = attempt + 1 where id = $1",
        row_id,
    )
    await lease_keeper.extend_leases()
    await asyncio.wait_for(stopped.wait(), timeout=1)
    await asyncio.sleep(0)
    assert lease_keeper.load == 0
    assert not await move(pool, held)


async def test_an_attempt_that_is_done_with_its_row_still_says_what_it_committed(pool: Pool) -> None:
    """Its hint can have the next attempt claimed, in the same process, before it has published the rest."""
    (row_id,) = await add_rows(pool)
    first = await claim_row(pool, row_id)
    lease_keeper = LeaseKeeper(AdminClient(pool), TABLE, capacity=4)
    hinted, told = asyncio.Event(), asyncio.Event()

    async def admit() -> None:
        assert await move(pool, first, "doing")
        hinted.set()
        await asyncio.sleep(0.05)  # telling others
        told.set()

    lease_keeper.start(first, admit())
    await hinted.wait()
    await lease_keeper.extend_leases()  # neither ends the telling nor leases the row again
    lease_keeper.start(await claim_row(pool, row_id), asyncio.sleep(0.2))
    assert lease_keeper.load == 2
    await asyncio.wait_for(told.wait(), timeout=1)


async def test_a_process_takes_no_more_than_it_can(pool: Pool) -> None:
    ids = await add_rows(pool, 2)
    lease_keeper = LeaseKeeper(AdminClient(pool), TABLE, capacity=2)
    release = asyncio.Event()

    async def work() -> None:
        await release.wait()

    for row_id in ids:
        lease_keeper.start(await claim_row(pool, row_id), work())
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(lease_keeper.room(), timeout=0.05)
    release.set()
    await asyncio.wait_for(lease_keeper.room(), timeout=1)


async def test_a_stop_waits_for_work_turns_new_work_away_and_hands_back_what_is_left(pool: Pool) -> None:
    ids = await add_rows(pool, 2)
    lease_keeper = LeaseKeeper(AdminClient(pool), TABLE, capacity=2)
    quick, slow = [await claim_row(pool, row_id) for row_id in ids]
    finished: list[str] = []

    async def work(name: str, takes_s: float) -> None:
        await asyncio.sleep(takes_s)
        finished.append(name)

    lease_keeper.start(quick, work("quick", 0.1))
    lease_keeper.start(slow, work("slow", 30))
    waiting = asyncio.create_task(lease_keeper.room())
    await asyncio.sleep(0)
    left = await lease_keeper.stop(grace_s=0.3)
    assert (finished, left) == (["quick"], [slow])
    with pytest.raises(OsliraError):  # its message is for another process
        await waiting


async def test_500_leases_and_a_sweep_neither_deadlock_nor_stall(pool: Pool) -> None:
    ids = await add_rows(pool, 500)
    await pool.execute(
        "update jobs.jobs set attempt = 1, lease_until = now() + interval '1 millisecond', state = 'doing'"
    )
    held = [(row_id, 1) for row_id in ids]
    slowest_s = 0.0

    async def beats() -> None:
        nonlocal slowest_s
        for _ in range(30):
            started = time.monotonic()
            async with pool.acquire() as connection:
                assert await extend_leases(connection, BRIEF, held) == set()
            slowest_s = max(slowest_s, time.monotonic() - started)

    async def sweeps() -> None:
        for _ in range(30):
            await pool.execute("update jobs.jobs set due_at = now() - interval '1 second'")
            await sweep_rows(pool, BRIEF)

    async with pool.acquire() as connection, connection.transaction():
        # One row is locked by another session throughout: it is skipped, and blocks no other row.
        await connection.execute("select 1 from jobs.jobs where id = $1 for update", ids[0])
        await asyncio.wait_for(beats(), timeout=20)
    await asyncio.wait_for(asyncio.gather(beats(), sweeps(), beats()), timeout=60)
    assert slowest_s < 2.0
