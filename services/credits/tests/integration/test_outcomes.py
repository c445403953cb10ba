"""Outcomes by analysis' function, as the credits service may call it."""

from collections.abc import AsyncGenerator
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from oslira_credits.domain.settlement import Outcome, OutcomeState
from oslira_credits.infrastructure.postgres_outcomes import PostgresOutcomes
from oslira_devstack.credentials import SUPERUSER
from oslira_devstack.databases import Database
from oslira_shared.postgres.clients import AdminClient, Pool, open_pool

_RUN = """
insert into analysis.runs (id, state, account_id, business_profile_id, type, username, price_credits, max_age_s, error_code, bulk_id,
  finished_at)
values ($1, $2, $3, $3, 'light', $1::uuid::text, 3, 60, case when $2 = 'failed' then 'stalled' end, $4,
  case when $2 in ('completed', 'failed', 'cancelled') then now() end)
"""
_BULK = """
insert into analysis.bulks (id, state, account_id, business_profile_id, type, price_credits, held_credits, finished_at)
values ($1, $2, $3, $3, 'light', 3, 9, case when $2 = 'ended' then now() end)
"""


@pytest_asyncio.fixture(scope="module")
async def rows(module_database: Database) -> AsyncGenerator[Pool]:
    async with await open_pool(module_database.url(SUPERUSER), service="test", min_size=1) as opened:
        yield opened


@pytest.fixture
def outcomes(pool: Pool) -> PostgresOutcomes:
    return PostgresOutcomes(AdminClient(pool))


async def _add_run(rows: Pool, state: str, bulk_id: UUID | None = None) -> UUID:
    run_id = uuid4()
    await rows.execute(_RUN, run_id, state, uuid4(), bulk_id)
    return run_id


@pytest.mark.parametrize(
    ("state", "expected", "capture"),
    [
        ("completed", OutcomeState.COMPLETED, 3),
        ("failed", OutcomeState.FAILED, 0),
        ("cancelled", OutcomeState.CANCELLED, 0),
        ("queued", OutcomeState.UNFINISHED, 0),
        ("scoring", OutcomeState.UNFINISHED, 0),
    ],
)
async def test_only_a_completed_run_is_captured(
    outcomes: PostgresOutcomes, rows: Pool, state: str, expected: OutcomeState, capture: int
) -> None:
    run_id = await _add_run(rows, state)
    assert await outcomes.of(run_id) == Outcome(run_id, expected, capture)


async def test_an_ended_bulk_captures_its_completed_runs(outcomes: PostgresOutcomes, rows: Pool) -> None:
    for state, expected, capture in (
        ("open", OutcomeState.UNFINISHED, 0),
        ("ended", OutcomeState.COMPLETED, 3),
    ):
        bulk_id = uuid4()
        await rows.execute("insert into analysis.runs (id, state) values ($1, 'closed')", bulk_id)
        await rows.execute(_BULK, bulk_id, state, uuid4())
        run_id = await _add_run(rows, "completed", bulk_id)
        await _add_run(rows, "failed", bulk_id)
        assert await outcomes.of(bulk_id) == Outcome(bulk_id, expected, capture)
        # The bulk's hold pays for it: its own id has no hold.
        assert await outcomes.of(run_id) == Outcome(run_id, OutcomeState.UNKNOWN)


async def test_reading_an_unknown_id_closes_it_permanently(
    outcomes: PostgresOutcomes, rows: Pool, account_id: UUID
) -> None:
    hold_id = uuid4()
    for _ in range(2):
        assert await outcomes.of(hold_id) == Outcome(hold_id, OutcomeState.UNKNOWN)
    accept = (
        "select outcome from analysis.accept_run($1, $2, $2, $2, 'late', 'light', 1, interval '1 hour', 'r')"
    )
    assert await rows.fetchval(accept, hold_id, account_id) == "closed"
