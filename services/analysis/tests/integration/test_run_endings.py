"""Every end of a run sets its row in the same way: fenced, announced until settled, cost summed, answers deleted."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
from job_rows import JobRows, insert
from oslira_analysis.infrastructure.postgres.tables import END_RUN, FAIL_FOLLOWERS
from oslira_shared.ids import new_id

End = Callable[[JobRows, UUID, UUID], Awaitable[Any]]


async def _cancel(rows: JobRows, run_id: UUID, _: UUID) -> None:
    await rows.pool.execute("select analysis.cancel_runs($1)", [run_id])


async def _stall(rows: JobRows, run_id: UUID, _: UUID) -> None:
    await rows.pool.execute("select analysis.fail_stalled($1, '15 min', 'stood still')", run_id)


async def _exceed_wait_limit(rows: JobRows, run_id: UUID, _: UUID) -> None:
    await rows.pool.execute(
        "update analysis.runs set state = 'waiting', waits_for = 'scrape_retry' where id = $1", run_id
    )
    codes = {"scrape": "scraper_unavailable"}
    await rows.pool.execute("select analysis.fail_waiting($1, $2, $3)", [run_id], codes, codes)


async def _fail_with_the_scrape(rows: JobRows, _: UUID, scrape_id: UUID) -> None:
    await rows.pool.execute(FAIL_FOLLOWERS, scrape_id, "scrape_failed", "lost")


async def _give_up(rows: JobRows, run_id: UUID, _: UUID) -> None:
    await rows.pool.execute(END_RUN, run_id, "failed", "attempts_used_up", "no", "scraping", 0, False)


WAYS: dict[str, tuple[End, str, str | None]] = {
    "cancelled": (_cancel, "cancelled", None),
    "stalled": (_stall, "failed", "stalled"),
    "its supplier is unavailable": (_exceed_wait_limit, "failed", "scraper_unavailable"),
    "its scrape failed": (_fail_with_the_scrape, "failed", "scrape_failed"),
    "its attempts are used up": (_give_up, "failed", "attempts_used_up"),
}


async def _run_with_answers(rows: JobRows) -> tuple[UUID, UUID]:
    """A run that was scored, has lost its profile, and waits for another scrape of it."""
    scrape_id = await rows.scrape("running")
    run_id = await rows.run("scraping", scrape_id=scrape_id)
    usage = {"id": new_id(), "run_id": run_id, "account_id": new_id(), "call": "score", "attempt": 1}
    usage |= {"provider": "openai", "model": "m", "prompt_version": "v1", "cost_nano_usd": 7}
    await insert(rows.pool, "analysis.ai_usage_logs", usage)
    answer = {"run_id": run_id, "call": "score", "usage_id": usage["id"], "answer": {}}
    await insert(rows.pool, "analysis.call_answers", answer)
    return run_id, scrape_id


@pytest.mark.parametrize("way", WAYS)
async def test_every_end_has_the_same_effects(job_rows: JobRows, way: str) -> None:
    end, state, code = WAYS[way]
    run_id, scrape_id = await _run_with_answers(job_rows)
    await end(job_rows, run_id, scrape_id)
    row = await job_rows.pool.fetchrow("select * from analysis.runs where id = $1", run_id)
    assert row is not None
    assert (row["state"], row["current_step"], row["error_code"]) == (state, state, code)
    assert (row["attempt"], row["ai_cost_nano_usd"]) == (1, 7)
    assert (row["lease_until"], row["not_before"], row["waits_for"]) == (None, None, None)
    assert row["due_at"] is not None
    assert row["finished_at"] is not None
    kept = "select count(*) from analysis.call_answers where run_id = $1"
    assert await job_rows.pool.fetchval(kept, run_id) == 0


async def test_a_fenced_holder_ends_nothing_and_deletes_nothing(job_rows: JobRows) -> None:
    run_id, _ = await _run_with_answers(job_rows)
    ended = await job_rows.pool.fetch(END_RUN, run_id, "completed", None, None, "scraping", 9, True)
    assert ended == []
    assert await job_rows.state("runs", run_id) == "scraping"
    kept = "select count(*) from analysis.call_answers where run_id = $1"
    assert await job_rows.pool.fetchval(kept, run_id) == 1


async def test_of_two_ends_at_once_one_counts(job_rows: JobRows) -> None:
    run_id, scrape_id = await _run_with_answers(job_rows)
    await asyncio.gather(*(end(job_rows, run_id, scrape_id) for end in (_cancel, _stall, _cancel)))
    row = await job_rows.pool.fetchrow("select seq, attempt from analysis.runs where id = $1", run_id)
    assert row is not None
    assert (row["seq"], row["attempt"]) == (1, 1)


async def test_partial_indexes_over_active_states_serve_is_active(job_rows: JobRows) -> None:
    async with job_rows.pool.acquire() as connection, connection.transaction():
        await connection.execute("set local enable_seqscan = off")
        plan = await connection.fetch(
            "explain select 1 from analysis.runs where account_id = $1 and business_profile_id = $1"
            " and username = 'a' and type = 'light' and analysis.is_active(state)",
            new_id(),
        )
    assert "runs_same_active" in "\n".join(row[0] for row in plan)
