"""A started run without progress ends; a waiting run does not."""

import asyncio
from datetime import UTC, datetime, timedelta

from job_rows import JobRows
from oslira_analysis.infrastructure.postgres.stalled import PostgresStalledRuns
from oslira_shared.postgres.clients import AdminClient


async def test_a_stalled_run_fails_and_is_published_and_a_waiting_run_is_unchanged(
    job_rows: JobRows,
) -> None:
    stalled = [
        await job_rows.run("scoring"),
        await job_rows.run("scraping", scrape_id=await job_rows.scrape("running")),
    ]
    others = [
        await job_rows.run("waiting", still_for="3 days"),
        await job_rows.run("queued", still_for="3 days"),
        await job_rows.run("scoring", still_for="14 min"),
        await job_rows.run("completed", still_for="3 days"),
    ]
    before = [await job_rows.state("runs", run_id) for run_id in others]
    progress = await job_rows.fail_stalled()
    assert (progress.succeeded, progress.failed) == (2, 0)
    for run_id in stalled:
        row = await job_rows.pool.fetchrow("select * from analysis.runs where id = $1", run_id)
        assert row is not None
        assert (row["state"], row["error_code"], row["attempt"]) == ("failed", "stalled", 1)
        assert row["due_at"] is not None, "announced again until its hold is settled"
    assert [await job_rows.state("runs", run_id) for run_id in others] == before
    assert {row["id"] for row in job_rows.heard.published.runs} == set(stalled)
    assert (await job_rows.fail_stalled()).processed == 0


async def test_a_scrape_that_other_runs_need_continues_and_an_unneeded_one_is_aborted(
    job_rows: JobRows,
) -> None:
    intent = {"intent_at": datetime.now(UTC)}
    shared, lonely = await job_rows.scrape("running", **intent), await job_rows.scrape("running", **intent)
    unstarted = await job_rows.scrape("starting")
    for scrape_id in (shared, lonely, unstarted):
        await job_rows.run("scraping", scrape_id=scrape_id)
    await job_rows.run("scraping", scrape_id=shared, still_for="1 min")
    await job_rows.fail_stalled()
    states = [await job_rows.state("scrapes", scrape_id) for scrape_id in (shared, lonely, unstarted)]
    assert states == ["running", "aborting", "ended"]
    assert [hint.row_id for hint in job_rows.heard.published.hints] == [lonely]


async def test_a_stalled_run_is_found_although_its_lease_is_extended(job_rows: JobRows) -> None:
    run_id = await job_rows.run("scoring", lease_until=datetime.now(UTC) + timedelta(minutes=1))
    assert (await job_rows.fail_stalled()).succeeded == 1
    assert await job_rows.state("runs", run_id) == "failed"


async def test_a_run_that_makes_progress_during_the_check_is_not_failed(job_rows: JobRows) -> None:
    run_id = await job_rows.run("scoring")
    stalled = PostgresStalledRuns(AdminClient(job_rows.pool))
    assert await stalled.find(stalled_for=timedelta(minutes=15)) == [run_id]
    await job_rows.pool.execute("update analysis.runs set progressed_at = now() where id = $1", run_id)
    effects = await stalled.fail(run_id, stalled_for=timedelta(minutes=15), detail="")
    assert (effects.runs, await job_rows.state("runs", run_id)) == ([], "scoring")


async def test_eight_at_once_fail_each_run_once(job_rows: JobRows) -> None:
    scrape_id = await job_rows.scrape("running", intent_at=datetime.now(UTC))
    runs = [await job_rows.run("scraping", scrape_id=scrape_id) for _ in range(20)]
    await asyncio.gather(*(job_rows.fail_stalled() for _ in range(8)))
    attempts = await job_rows.pool.fetch(
        "select distinct attempt, state from analysis.runs where id = any($1::uuid[])", runs
    )
    assert [tuple(row) for row in attempts] == [(1, "failed")]
    assert len([hint for hint in job_rows.heard.published.hints if hint.row_id == scrape_id]) == 1
