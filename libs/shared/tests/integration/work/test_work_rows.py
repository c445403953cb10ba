"""Work rows on a real Postgres: claims, transitions and sweeps when processes die, stall, race and disagree about the time."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import pytest
from oslira_shared.postgres.clients import Pool
from oslira_shared.work import moved, release, sweep, transition
from work_rows import BRIEF, TABLE, add_rows, claim_row, move, read_row, sweep_rows


async def test_of_many_claimers_one_gets_the_row(pool: Pool) -> None:
    (row_id,) = await add_rows(pool)
    claims = await asyncio.gather(*(claim_row(pool, row_id) for _ in range(20)))
    assert len([held for held in claims if held is not None]) == 1
    assert (await read_row(pool, row_id))["attempt"] == 1


async def test_a_zombies_late_write_is_refused(pool: Pool) -> None:
    (row_id,) = await add_rows(pool)
    zombie = await claim_row(pool, row_id, BRIEF)
    await asyncio.sleep(0.3)  # its lease lapses while it is stopped
    successor = await claim_row(pool, row_id, BRIEF)
    assert successor is not None
    assert not await move(pool, zombie, "zombie")
    assert await move(pool, successor)
    assert not await move(pool, zombie, "zombie")
    assert (await read_row(pool, row_id))["state"] == "done"


async def test_a_lost_hint_is_said_again_by_the_sweep(pool: Pool) -> None:
    (row_id,) = await add_rows(pool)
    (later,) = await add_rows(pool, due_in_s=60)
    assert await sweep_rows(pool) == [row_id]
    assert await sweep_rows(pool) == []  # due again only after hint_every_s
    assert (await read_row(pool, later))["attempt"] == 0


async def test_a_row_whose_hint_still_waits_is_left_out_until_its_turn_has_passed(pool: Pool) -> None:
    (row_id,) = await add_rows(pool)  # due now: its last hint is as old as the interval
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


async def test_an_announced_row_is_repeated_at_growing_intervals(pool: Pool) -> None:
    (row_id,) = await add_rows(pool)
    table = replace(TABLE, announced=frozenset({"todo"}), announce_most_s=30)
    waits_s: list[float] = []
    for age_s in (1, 24, 3600):
        await pool.execute(
            f"update {TABLE.name} set due_at = now(), progressed_at = now() - make_interval(secs => $1)",
            age_s,
        )
        assert await sweep_rows(pool, table) == [row_id]
        waits_s.append(
            await pool.fetchval(f"select extract(epoch from due_at - now())::float8 from {TABLE.name}")
        )
    assert waits_s == pytest.approx([TABLE.hint_every_s, 12, 30], abs=1.5)


async def test_a_crash_between_claim_and_transition_is_recovered(pool: Pool) -> None:
    (row_id,) = await add_rows(pool)
    assert await claim_row(pool, row_id, BRIEF) is not None  # and then the process dies
    assert await sweep_rows(pool, BRIEF) == []  # the lease still runs
    await asyncio.sleep(0.3)
    assert await sweep_rows(pool, BRIEF) == [row_id]
    again = await claim_row(pool, row_id, BRIEF)
    assert again.attempt == 2
    assert await move(pool, again)


async def test_used_up_attempts_are_not_claimed_and_the_sweep_says_so(pool: Pool) -> None:
    (row_id,) = await add_rows(pool)
    for _ in range(TABLE.max_failures):
        held = await claim_row(pool, row_id)
        async with pool.acquire() as connection:
            assert await release(connection, held, is_counted=True, delay_s=0)
    assert await claim_row(pool, row_id) is None
    async with pool.acquire() as connection, connection.transaction():
        (due,) = await sweep(connection, TABLE)
    assert due.is_exhausted


async def test_handing_back_for_a_restart_counts_no_failure(pool: Pool) -> None:
    (row_id,) = await add_rows(pool)
    for _ in range(3 * TABLE.max_failures):
        held = await claim_row(pool, row_id)
        async with pool.acquire() as connection:
            assert await release(connection, held, is_counted=False)
    row = await read_row(pool, row_id)
    assert (row["failures"], row["attempt"]) == (0, 3 * TABLE.max_failures)


async def test_work_that_keeps_its_lease_moves_on_under_the_same_attempt(pool: Pool) -> None:
    (row_id,) = await add_rows(pool)
    held = await claim_row(pool, row_id)
    async with pool.acquire() as connection:
        row = await transition(
            connection, held, to_state="doing", due_in_s=1, values={"note": "x"}, keeps_lease=True
        )
        assert row is not None
        assert await claim_row(pool, row_id) is None
        row = await transition(
            connection, moved(held, row), to_state="done", due_in_s=None, stamps=["finished_at"]
        )
    assert row is not None
    assert (row["attempt"], row["note"], row["due_at"]) == (1, "x", None)
    assert row["finished_at"] is not None


async def test_postgres_time_decides_whatever_the_processes_clocks_say(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process an hour ahead neither steals a lease nor sees a row as due."""
    (row_id,) = await add_rows(pool)
    assert await claim_row(pool, row_id) is not None
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 3600)
    monkeypatch.setattr(time, "time_ns", lambda: int((real() + 3600) * 1e9))
    assert await claim_row(pool, row_id) is None
    assert await sweep_rows(pool) == []
    row = await read_row(pool, row_id)
    lease_s = await pool.fetchval("select extract(epoch from $1 - now())::float8", row["lease_until"])
    assert 0 < lease_s <= TABLE.lease_s


async def test_one_sweeper_at_a_time(pool: Pool) -> None:
    await add_rows(pool)
    async with pool.acquire() as one, one.transaction():
        assert len(await sweep(one, TABLE)) == 1
        await pool.execute("update jobs.jobs set due_at = now() - interval '1 minute' where false")
        assert await asyncio.wait_for(sweep_rows(pool), timeout=1) == []


async def test_a_statement_that_fails_leaves_the_claim_as_it_was(pool: Pool) -> None:
    (row_id,) = await add_rows(pool)
    held = await claim_row(pool, row_id)
    async with pool.acquire() as connection:
        with pytest.raises(asyncpg.UndefinedColumnError):
            await transition(connection, held, to_state="done", due_in_s=None, values={"nothing": 1})
    assert await move(pool, held)
