"""Which data of drafts stays, on a real Postgres: answers that a replay needs, readable only by the engine."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio
from oslira_analysis.application.daily_cleanup import DailyCleanup
from oslira_analysis.infrastructure.postgres.expired import PostgresExpired
from oslira_analysis.infrastructure.postgres.replays import PostgresFailedRuns
from oslira_devstack.databases import Database
from oslira_shared.ids import new_id
from oslira_shared.jobs import JobProgress
from oslira_shared.postgres.clients import AdminClient, Pool, open_pool

ACCOUNT = UUID(int=7)
ANSWERS = {"name": "Crumb", "offer": "Sourdough"}


@pytest_asyncio.fixture(scope="module")
async def pools(module_database: Database) -> AsyncGenerator[dict[str, Pool]]:
    async with (
        await open_pool(module_database.url("gateway_service"), service="gateway") as gateway,
        await open_pool(module_database.url("analysis_service"), service="analysis") as analysis,
    ):
        yield {"gateway": gateway, "analysis": analysis}


async def accept(pools: dict[str, Pool], run_id: UUID) -> str:
    return await pools["gateway"].fetchval(
        "select outcome from analysis.accept_draft($1, $2, $2, $3, 1, 'req')", run_id, ACCOUNT, ANSWERS
    )


async def fail(pools: dict[str, Pool], run_id: UUID) -> None:
    await pools["analysis"].execute(
        "update analysis.runs set state = 'failed', error_code = 'answer_invalid' where id = $1", run_id
    )


async def test_a_draft_is_accepted_once_and_never_under_a_closed_id(pools: dict[str, Pool]) -> None:
    run_id, closed = new_id(), new_id()
    assert [await accept(pools, run_id) for _ in range(2)] == ["accepted", "exists"]
    await pools["analysis"].execute("insert into analysis.runs (id, state) values ($1, 'closed')", closed)
    assert await accept(pools, closed) == "closed"
    assert await accept(pools, new_id()) == "accepted"  # another draft, not the same


async def test_a_failed_draft_is_replayed_with_its_answers_while_they_are_there(
    pools: dict[str, Pool],
) -> None:
    run_id, again = new_id(), new_id()
    await accept(pools, run_id)
    failed_runs = PostgresFailedRuns(AdminClient(pools["analysis"]))
    assert await failed_runs.find(run_id) is None
    await fail(pools, run_id)
    assert await failed_runs.find(run_id) is not None
    outcome, now_run_id, effects = await failed_runs.accept_again(run_id, again)
    assert (outcome, now_run_id, [hint.row_id for hint in effects.hints]) == ("accepted", again, [again])
    kept = "select answers from analysis.drafts where run_id = $1"
    assert await pools["analysis"].fetchval(kept, again) == ANSWERS
    await pools["analysis"].execute(
        "update analysis.drafts set created_at = now() - interval '31 days' where run_id = any($1::uuid[])",
        [run_id, again],
    )
    progress = JobProgress()
    expired = PostgresExpired(AdminClient(pools["analysis"]), scrape_names_kept_days=30)
    await DailyCleanup(expired)(datetime.now(UTC), progress)
    assert progress.deleted == {"drafts": 1}  # the other one is still at work
    assert await failed_runs.find(run_id) is None


async def test_only_the_engine_reads_the_typed_answers(pools: dict[str, Pool]) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await pools["gateway"].fetchval("select answers from analysis.drafts limit 1")
