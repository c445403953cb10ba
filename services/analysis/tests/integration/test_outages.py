"""While a supplier is known to be down, nothing that needs it is promoted, and waiting runs say so."""

import asyncio
from collections.abc import AsyncGenerator
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio
from oslira_devstack.databases import Database
from oslira_shared.ids import new_id
from oslira_shared.postgres.clients import UserClient
from waiting_rows import WaitingRows, waiting_rows

MODELS = ("openai", "anthropic")


@pytest_asyncio.fixture
async def rows(database: Database) -> AsyncGenerator[WaitingRows]:
    async with waiting_rows(database) as rows:
        yield rows


async def down(rows: WaitingRows, *suppliers: str, for_s: float = 60) -> None:
    await rows.pool.executemany(
        "insert into analysis.outages (supplier, down_until, reason) values ($1, now() + make_interval(secs => $2), 'test')",
        [(supplier, for_s) for supplier in suppliers],
    )


async def test_no_scrape_is_promoted_while_the_scraper_is_down_and_scoring_goes_on(rows: WaitingRows) -> None:
    await rows.waiting("scrape.me", waits_for="scrape")
    await rows.waiting("score.me", waits_for="score")
    await down(rows, "apify")
    assert await rows.promoted() == {"score.me": "scoring"}


async def test_no_run_is_scored_while_both_model_suppliers_are_down(rows: WaitingRows) -> None:
    await rows.waiting("scrape.me", waits_for="scrape")
    await rows.waiting("score.me", waits_for="score")
    await down(rows, *MODELS)
    assert await rows.promoted() == {"scrape.me": "scraping"}


@pytest.mark.parametrize("supplier", MODELS)
async def test_runs_are_scored_while_one_model_supplier_is_up(rows: WaitingRows, supplier: str) -> None:
    await rows.waiting("score.me", waits_for="score")
    await down(rows, supplier)
    assert await rows.promoted() == {"score.me": "scoring"}


async def test_an_outage_ends_automatically(rows: WaitingRows) -> None:
    await rows.waiting("scrape.me", waits_for="scrape")
    await down(rows, "apify", for_s=0.5)
    assert await rows.promoted() == {}
    await asyncio.sleep(0.6)
    assert await rows.promoted() == {"scrape.me": "scraping"}


@pytest.mark.parametrize(("waits_for", "suppliers"), [("scrape", ("apify",)), ("score", MODELS)])
async def test_a_waiting_run_says_that_a_supplier_is_unavailable_and_expects_no_start_before(
    rows: WaitingRows, waits_for: str, suppliers: tuple[str, ...]
) -> None:
    run_id = await rows.waiting("waits.long", waits_for=waits_for)
    step = "select current_step from analysis.run_view where run_id = $1"
    assert await rows.gateway.fetchval(step, run_id) == "waiting"
    before_s = await rows.eta_s(run_id) or 0
    await down(rows, *suppliers, for_s=600)
    assert await rows.gateway.fetchval(step, run_id) == "supplier_unavailable"
    assert 595 <= (await rows.eta_s(run_id) or 0) <= 601 + before_s


async def test_users_may_read_the_view_and_not_the_reason_of_an_outage(rows: WaitingRows) -> None:
    await down(rows, "apify")
    user = UserClient(rows.gateway, claims={"sub": str(new_id()), "role": "authenticated"})
    async with user.transaction() as connection:
        assert await connection.fetch("select current_step from analysis.run_view") == []
    async with user.transaction() as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetch("select reason from analysis.outages")


@pytest.mark.parametrize("step", ["scrape", "score"])
async def test_time_in_the_queue_does_not_count_towards_the_wait_limit(rows: WaitingRows, step: str) -> None:
    """It was snoozed briefly an hour ago, and has waited for its account's other runs since."""
    run_id = await rows.waiting("long.queue", waits_for=step)
    await rows.pool.execute(
        "update analysis.runs set snoozed_since = now() - interval '1 hour', progressed_at = now() - interval '1 hour'"
    )
    look = "select * from analysis.runs_past_wait_limit(1800, 21600, 10)"
    assert await rows.pool.fetch(look) == []
    await rows.pool.execute("update analysis.runs set waits_for = $1", f"{step}_retry")
    assert [row[0] for row in await rows.pool.fetch(look)] == [run_id]


@pytest.mark.parametrize("step", ["scrape", "score"])
async def test_only_the_time_that_a_supplier_kept_a_run_waiting_counts_over_several_snoozes(
    rows: WaitingRows, step: str
) -> None:
    """It was snoozed for two minutes an hour ago, was queued since, and is snoozed again."""
    await rows.waiting("put.off.twice", waits_for=step)
    await rows.pool.execute(
        "update analysis.runs set snoozed_since = now() - interval '1 hour', not_before = now() - interval '58 minutes'"
    )
    assert list(await rows.promoted()) == ["put.off.twice"]
    run = await rows.pool.fetchrow("select now() - snoozed_since as pause, not_before from analysis.runs")
    assert run is not None
    assert (round(run["pause"].total_seconds()), run["not_before"]) == (120, None)
    await rows.pool.execute("update analysis.runs set state = 'waiting', waits_for = $1", f"{step}_retry")
    assert await rows.pool.fetch("select * from analysis.runs_past_wait_limit(1800, 21600, 10)") == []


async def pause(rows: WaitingRows, username: str, *, waits_for: str, for_s: float, age_s: float) -> UUID:
    run_id = await rows.waiting(username, waits_for=waits_for, age_s=age_s)
    for table, change in (("scrapes", ""), ("runs", ", waits_for = waits_for || '_retry'")):
        await rows.pool.execute(
            f"""update analysis.{table} set snoozed_since = now(), not_before = now() + make_interval(secs => $2){change}
                 where username = $1""",
            username,
            for_s,
        )
    return run_id


@pytest.mark.parametrize(("step", "supplier"), [("scrape", "apify"), ("score", "openai")])
async def test_snoozed_tasks_are_due_when_the_supplier_recovers_the_oldest_first_up_to_the_limit(
    rows: WaitingRows, step: str, supplier: str
) -> None:
    oldest = await pause(rows, "oldest", waits_for=step, for_s=60, age_s=9)
    newest = await pause(rows, "newest", waits_for=step, for_s=60, age_s=1)
    # By its supplier's own Retry-After.
    asked = await pause(rows, "asked.to.wait", waits_for=step, for_s=300, age_s=99)
    await rows.pool.execute("select analysis.reschedule_snoozed($1, 1, 0)", supplier)
    left = {
        row["id"]: row["left_s"]
        for row in await rows.pool.fetch(
            """select r.id, extract(epoch from greatest(r.not_before, s.not_before) - now()) as left_s
                 from analysis.runs r left join analysis.scrapes s on s.id = r.scrape_id"""
        )
    }
    assert left[oldest] <= 0
    assert left[newest] > 50
    await rows.pool.execute("select analysis.reschedule_snoozed($1, 9, 10)", supplier)
    still = await rows.pool.fetch(
        "select id, not_before > now() + interval '11 s' as waits from analysis.runs"
    )
    assert {row["id"] for row in still if row["waits"]} == {asked}


async def test_a_retry_of_what_failed_itself_keeps_its_delay(rows: WaitingRows) -> None:
    await pause(rows, "fails.itself", waits_for="scrape", for_s=60, age_s=1)
    await rows.pool.execute("update analysis.scrapes set snoozed_since = null")
    await rows.pool.execute("select analysis.reschedule_snoozed('apify', 9, 0)")
    assert await rows.pool.fetchval("select not_before > now() + interval '50 s' from analysis.runs")
