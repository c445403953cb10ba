"""The work module on a real Postgres: what it promises when processes die, stall, race and disagree about the time."""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio
from oslira_devstack.databases import Database
from oslira_shared.errors import OsliraError
from oslira_shared.ids import new_id
from oslira_shared.postgres.clients import AdminClient, Pool, open_pool
from oslira_shared.work import LeaseKeeper, WorkTable, claim, moved, release, sweep, transition
from oslira_shared.work.lease_keeper import extend_leases

TABLE: Final = WorkTable("jobs.jobs", claimable=frozenset({"todo", "doing"}), lease_s=5.0)
BRIEF: Final = WorkTable(
    "jobs.jobs", claimable=frozenset({"todo", "doing"}), lease_s=0.2, backoff_base_s=0.01
)

_SCHEMA: Final = """
create schema jobs;
create table jobs.jobs (
  id uuid primary key, state text not null default 'todo', note text, finished_at timestamptz,
  attempt integer not null default 0, failures integer not null default 0, lease_until timestamptz, not_before timestamptz,
  due_at timestamptz, progressed_at timestamptz, seq bigint not null default 0
);
create index on jobs.jobs (due_at) where due_at is not null;
"""


@pytest_asyncio.fixture
async def pool(database: Database) -> AsyncGenerator[Pool]:
    async with await open_pool(database.admin_url, service="test", max_size=20) as opened:
        await opened.execute(_SCHEMA)
        yield opened


async def _add(pool: Pool, count: int = 1, *, due_in_s: float = 0) -> list[UUID]:
    ids = [new_id() for _ in range(count)]
    await pool.executemany(
        "insert into jobs.jobs (id, due_at) values ($1, now() + make_interval(secs => $2))",
        [(row_id, due_in_s) for row_id in ids],
    )
    return ids


async def _row(pool: Pool, row_id: UUID) -> dict[str, Any]:
    row = await pool.fetchrow("select * from jobs.jobs where id = $1", row_id)
    assert row is not None
    return dict(row)


async def _claim(pool: Pool, row_id: UUID, table: WorkTable = TABLE) -> Any:
    async with pool.acquire() as connection:
        return await claim(connection, table, row_id)


async def _move(pool: Pool, held: Any, to_state: str = "done") -> bool:
    async with pool.acquire() as connection:
        return await transition(connection, held, to_state=to_state, due_in_s=None) is not None


async def _sweep(pool: Pool, table: WorkTable = TABLE) -> Sequence[UUID]:
    async with pool.acquire() as connection, connection.transaction():
        return [row.row_id for row in await sweep(connection, table)]


async def test_of_many_claimers_one_gets_the_row(pool: Pool) -> None:
    (row_id,) = await _add(pool)
    claims = await asyncio.gather(*(_claim(pool, row_id) for _ in range(20)))
    assert len([held for held in claims if held is not None]) == 1
    assert (await _row(pool, row_id))["attempt"] == 1


async def test_a_zombies_late_write_is_refused(pool: Pool) -> None:
    (row_id,) = await _add(pool)
    zombie = await _claim(pool, row_id, BRIEF)
    await asyncio.sleep(0.3)  # its lease lapses while it is stopped
    successor = await _claim(pool, row_id, BRIEF)
    assert successor is not None
    assert not await _move(pool, zombie, "zombie")
    assert await _move(pool, successor)
    assert not await _move(pool, zombie, "zombie")
    assert (await _row(pool, row_id))["state"] == "done"


async def test_a_lost_hint_is_said_again_by_the_sweep(pool: Pool) -> None:
    (row_id,) = await _add(pool)
    (later,) = await _add(pool, due_in_s=60)
    assert await _sweep(pool) == [row_id]
    assert await _sweep(pool) == []  # due again only after hint_every_s
    assert (await _row(pool, later))["attempt"] == 0


async def test_a_row_whose_hint_still_waits_is_left_out_until_its_turn_has_passed(pool: Pool) -> None:
    (row_id,) = await _add(pool)  # due now: its last hint is as old as the interval
    async with pool.acquire() as connection:
        now = await connection.fetchval("select now()")

    async def swept(since: datetime, state: str = "todo") -> Sequence[UUID]:
        async with pool.acquire() as connection, connection.transaction():
            return [row.row_id for row in await sweep(connection, TABLE, waiting_since={state: since})]

    interval = timedelta(seconds=TABLE.hint_every_s)
    assert await swept(now - interval - timedelta(seconds=5)) == []
    # Hints at rows of other states say nothing of it.
    assert await swept(now - interval - timedelta(seconds=5), "doing") == [row_id]
    await pool.execute(f"update {TABLE.name} set due_at = now()")
    assert await swept(now - interval + timedelta(seconds=5)) == [row_id]


async def test_what_others_have_to_take_note_of_is_announced_ever_more_rarely(pool: Pool) -> None:
    (row_id,) = await _add(pool)
    table = replace(TABLE, announced=frozenset({"todo"}), announce_most_s=30)
    waits_s: list[float] = []
    for age_s in (1, 24, 3600):
        await pool.execute(
            f"update {TABLE.name} set due_at = now(), progressed_at = now() - make_interval(secs => $1)",
            age_s,
        )
        assert await _sweep(pool, table) == [row_id]
        waits_s.append(
            await pool.fetchval(f"select extract(epoch from due_at - now())::float8 from {TABLE.name}")
        )
    assert waits_s == pytest.approx([TABLE.hint_every_s, 12, 30], abs=1.5)


async def test_a_crash_between_claim_and_transition_is_recovered(pool: Pool) -> None:
    (row_id,) = await _add(pool)
    assert await _claim(pool, row_id, BRIEF) is not None  # and then the process dies
    assert await _sweep(pool, BRIEF) == []  # the lease still runs
    await asyncio.sleep(0.3)
    assert await _sweep(pool, BRIEF) == [row_id]
    again = await _claim(pool, row_id, BRIEF)
    assert again.attempt == 2
    assert await _move(pool, again)


async def test_used_up_attempts_are_not_claimed_and_the_sweep_says_so(pool: Pool) -> None:
    (row_id,) = await _add(pool)
    for _ in range(TABLE.max_failures):
        held = await _claim(pool, row_id)
        async with pool.acquire() as connection:
            assert await release(connection, held, is_counted=True, delay_s=0)
    assert await _claim(pool, row_id) is None
    async with pool.acquire() as connection, connection.transaction():
        (due,) = await sweep(connection, TABLE)
    assert due.is_exhausted


async def test_handing_back_for_a_restart_counts_no_failure(pool: Pool) -> None:
    (row_id,) = await _add(pool)
    for _ in range(3 * TABLE.max_failures):
        held = await _claim(pool, row_id)
        async with pool.acquire() as connection:
            assert await release(connection, held, is_counted=False)
    row = await _row(pool, row_id)
    assert (row["failures"], row["attempt"]) == (0, 3 * TABLE.max_failures)


async def test_a_cancel_in_mid_work_stops_the_task_at_the_next_beat(pool: Pool) -> None:
    (row_id,) = await _add(pool)
    held = await _claim(pool, row_id)
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
    assert not await _move(pool, held)


async def test_an_attempt_that_is_done_with_its_row_still_says_what_it_committed(pool: Pool) -> None:
    """Its hint can have the next attempt claimed, in the same process, before it has published the rest."""
    (row_id,) = await _add(pool)
    first = await _claim(pool, row_id)
    lease_keeper = LeaseKeeper(AdminClient(pool), TABLE, capacity=4)
    hinted, told = asyncio.Event(), asyncio.Event()

    async def admit() -> None:
        assert await _move(pool, first, "doing")
        hinted.set()
        await asyncio.sleep(0.05)  # telling others
        told.set()

    lease_keeper.start(first, admit())
    await hinted.wait()
    await lease_keeper.extend_leases()  # neither ends the telling nor leases the row again
    lease_keeper.start(await _claim(pool, row_id), asyncio.sleep(0.2))
    assert lease_keeper.load == 2
    await asyncio.wait_for(told.wait(), timeout=1)


async def test_a_process_takes_no_more_than_it_can(pool: Pool) -> None:
    ids = await _add(pool, 2)
    lease_keeper = LeaseKeeper(AdminClient(pool), TABLE, capacity=2)
    release = asyncio.Event()

    async def work() -> None:
        await release.wait()

    for row_id in ids:
        lease_keeper.start(await _claim(pool, row_id), work())
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(lease_keeper.room(), timeout=0.05)
    release.set()
    await asyncio.wait_for(lease_keeper.room(), timeout=1)


async def test_a_stop_waits_for_work_turns_new_work_away_and_hands_back_what_is_left(pool: Pool) -> None:
    ids = await _add(pool, 2)
    lease_keeper = LeaseKeeper(AdminClient(pool), TABLE, capacity=2)
    quick, slow = [await _claim(pool, row_id) for row_id in ids]
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


async def test_work_that_keeps_its_lease_moves_on_under_the_same_attempt(pool: Pool) -> None:
    (row_id,) = await _add(pool)
    held = await _claim(pool, row_id)
    async with pool.acquire() as connection:
        row = await transition(
            connection, held, to_state="doing", due_in_s=1, values={"note": "x"}, keeps_lease=True
        )
        assert row is not None
        assert await _claim(pool, row_id) is None
        row = await transition(
            connection, moved(held, row), to_state="done", due_in_s=None, stamps=["finished_at"]
        )
    assert row is not None
    assert (row["attempt"], row["note"], row["due_at"]) == (1, "x", None)
    assert row["finished_at"] is not None


async def test_500_leases_and_a_sweep_neither_deadlock_nor_stall(pool: Pool) -> None:
    ids = await _add(pool, 500)
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
            await _sweep(pool, BRIEF)

    async with pool.acquire() as connection, connection.transaction():
        # One row is locked by another session throughout: it is skipped, and blocks no other row.
        await connection.execute("select 1 from jobs.jobs where id = $1 for update", ids[0])
        await asyncio.wait_for(beats(), timeout=20)
    await asyncio.wait_for(asyncio.gather(beats(), sweeps(), beats()), timeout=60)
    assert slowest_s < 2.0


async def test_postgres_time_decides_whatever_the_processes_clocks_say(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process an hour ahead neither steals a lease nor sees a row as due."""
    (row_id,) = await _add(pool)
    assert await _claim(pool, row_id) is not None
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 3600)
    monkeypatch.setattr(time, "time_ns", lambda: int((real() + 3600) * 1e9))
    assert await _claim(pool, row_id) is None
    assert await _sweep(pool) == []
    row = await _row(pool, row_id)
    lease_s = await pool.fetchval("select extract(epoch from $1 - now())::float8", row["lease_until"])
    assert 0 < lease_s <= TABLE.lease_s


async def test_one_sweeper_at_a_time(pool: Pool) -> None:
    await _add(pool)
    async with pool.acquire() as one, one.transaction():
        assert len(await sweep(one, TABLE)) == 1
        await pool.execute("update jobs.jobs set due_at = now() - interval '1 minute' where false")
        assert await asyncio.wait_for(_sweep(pool), timeout=1) == []


async def test_a_statement_that_fails_leaves_the_claim_as_it_was(pool: Pool) -> None:
    (row_id,) = await _add(pool)
    held = await _claim(pool, row_id)
    async with pool.acquire() as connection:
        with pytest.raises(asyncpg.UndefinedColumnError):
            await transition(connection, held, to_state="done", due_in_s=None, values={"nothing": 1})
    assert await _move(pool, held)
