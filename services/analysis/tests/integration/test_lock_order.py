"""Rows that several transactions lock together are locked in one order, so none of them is a deadlock's victim."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TypeAlias

import pytest_asyncio
from job_rows import JobRows, insert
from oslira_analysis.infrastructure.postgres.seeds import seed
from oslira_devstack.databases import Database
from oslira_shared.ids import new_id
from oslira_shared.postgres.clients import AdminClient, Connection
from waiting_rows import WaitingRows, waiting_rows

ROUNDS = 60
_END_SCRAPE = """
update analysis.scrapes set state = 'ended', outcome = 'failed', cost_nano_usd = 9, ended_at = now() where id = $1
"""
_FAIL_RUNS = """
update analysis.runs set state = 'failed', error_code = 'scrape_failed' where scrape_id = $1 and state = 'scraping'
"""


@pytest_asyncio.fixture
async def rows(database: Database) -> AsyncGenerator[WaitingRows]:
    async with waiting_rows(database) as rows:
        yield rows


async def test_a_replica_that_starts_and_one_that_promotes_never_deadlock(rows: WaitingRows) -> None:
    client = AdminClient(rows.pool)

    async def start(caps: tuple[int, int]) -> None:
        for _ in range(ROUNDS):
            await seed(
                client,
                scrape_slots=caps[0],
                score_slots=caps[1],
                ageing_s=60 + caps[0],
                daily_limit_usd=Decimal(1),
            )

    async def promote() -> None:
        for _ in range(3 * ROUNDS):
            await rows.promoted()

    # Raises DeadlockDetectedError otherwise. Two settings, as in a rolling release, so that every start writes.
    await asyncio.gather(start((10, 60)), start((11, 61)), promote(), promote())


Step: TypeAlias = Callable[[Connection], Awaitable[object]]


async def crossed(rows: WaitingRows, first: Step, other: Step, then: Step) -> None:
    """`first` and `then` in one transaction, with another one between them that does `other`. Raises DeadlockDetectedError."""
    client = AdminClient(rows.pool)

    async def beside() -> None:
        async with client.transaction() as connection:
            await other(connection)

    async with client.transaction() as connection:
        await first(connection)
        beside_it = asyncio.create_task(beside())
        await asyncio.wait([beside_it], timeout=0.3)  # it has done its work, or waits for us
        await then(connection)
    await beside_it


def step(statement: str, *parameters: object) -> Step:
    return lambda connection: connection.execute(statement, *parameters)


ERASE = step("select * from analysis.erase_profile('a.name', null)")
LOCK_RUN = "select 1 from analysis.runs where id = $1 for update"
NOW = datetime.now(UTC)


def job_rows(rows: WaitingRows) -> JobRows:
    return JobRows(rows.pool, rows.gateway)


async def test_purging_an_anonymous_run_locks_the_scrape_before_the_run(rows: WaitingRows) -> None:
    there = job_rows(rows)
    scrape_id = await there.scrape("ended", outcome="fetched", ended_at=NOW - timedelta(minutes=9))
    run_id = await there.run(
        "completed", scrape_id=scrape_id, finished_at=NOW - timedelta(minutes=5), redact_at=NOW
    )
    await crossed(
        rows,
        step("select 1 from analysis.scrapes where id = $1 for update", scrape_id),
        step("select analysis.redact_runs(10)"),
        step(LOCK_RUN, run_id),
    )
    assert await rows.pool.fetchval("select username from analysis.runs where id = $1", run_id) == "-"


async def test_erasing_locks_bulks_before_runs(rows: WaitingRows) -> None:
    run_id, bulk_id = await job_rows(rows).run("completed", username="a.name"), new_id()
    await insert(rows.pool, "analysis.runs", {"id": bulk_id, "state": "closed"})
    await rows.pool.execute(
        "insert into analysis.bulks (id, state, account_id, business_profile_id, type, price_credits, held_credits,"
        " rejected, finished_at) values ($1, 'ended', $1, $1, 'light', 1, 0, '[{\"text\": \"a.name\"}]', now())",
        bulk_id,
    )
    await crossed(
        rows,
        step("select 1 from analysis.bulks where id = $1 for update", bulk_id),
        ERASE,
        step(LOCK_RUN, run_id),
    )


async def test_erasing_locks_leads_before_their_analyses_and_runs_as_the_clean_up_does(
    rows: WaitingRows,
) -> None:
    lead_id = await job_rows(rows).lead()
    await rows.pool.execute("update analysis.leads set username = 'a.name'")
    await crossed(
        rows,
        step("select 1 from analysis.leads where id = $1 for update", lead_id),
        ERASE,
        step("delete from analysis.leads where id = $1", lead_id),
    )


async def test_scrapes_that_end_at_once_lock_the_days_of_all_their_accounts_in_one_order(
    rows: WaitingRows,
) -> None:
    """Each was promoted for a run that was cancelled since, and fails a run of the other one's account."""
    there, accounts = job_rows(rows), (new_id(), new_id())
    ended, failed = list[Step](), list[Step]()
    for mine, theirs in (accounts, accounts[::-1]):
        cancelled = await there.run("cancelled", account_id=mine, finished_at=NOW)
        scrape_id = await there.scrape("running", promoted_for=cancelled)
        await there.run("scraping", account_id=theirs, scrape_id=scrape_id)
        ended.append(step(_END_SCRAPE, scrape_id))
        failed.append(step(_FAIL_RUNS, scrape_id))

    async def other(connection: Connection) -> None:
        await ended[1](connection)
        await failed[1](connection)

    await crossed(rows, ended[0], other, failed[0])
    spent = await rows.pool.fetch("select spent_nano_usd from analysis.daily_costs")
    assert [row["spent_nano_usd"] for row in spent] == [9, 9]
