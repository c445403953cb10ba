"""A tenant with thousands of waiting runs delays one with a single run by at most the next free slot."""

import statistics
import time
from uuid import UUID

import asyncpg
import pytest
from oslira_devstack.access import access_to
from oslira_devstack.stack import Stack
from people import Person, eventually, person

# As bulk's accept makes them, each with a scrape of its own that waits.
_FLOOD = """
with made as (
  insert into analysis.scrapes (id, state, username)
  select gen_random_uuid(), 'waiting', $4 || n from generate_series(1, $1::int) n returning id, username
)
insert into analysis.runs (id, state, waits_for, account_id, business_profile_id, username, type, price_credits, max_age_s, scrape_id)
select gen_random_uuid(), 'waiting', 'scrape', $2, $3, made.username, 'light', 0, 86400, made.id from made
"""
# Their account may work on nothing meanwhile, so that what is measured is the queue and not the machine.
_PAUSE = "update analysis.plans set is_paused = $2 where plan = $1"


async def _accept_p95_ms(user: Person, prefix: str, count: int) -> float:
    took: list[float] = []
    for number in range(count):
        started = time.perf_counter()
        await user.analyze(f"{prefix}{number}")
        took.append((time.perf_counter() - started) * 1000)
    return statistics.quantiles(took, n=20)[-1]


async def _at_rest(analysis: "asyncpg.Connection[asyncpg.Record]", user: Person) -> None:
    """Nothing of the user's is at work any more: it would be in the way of what is measured next."""

    async def look() -> bool:
        return await analysis.fetchval(
            "select not exists (select from analysis.runs where account_id = $1 and finished_at is null)",
            user.who.account_id,
        )

    await eventually(look, timeout_s=300)


async def _flooded(stack: Stack, *, waiting: int, accepts: int) -> tuple[float, float, int]:
    """(p95 of accepting with an empty queue and with a full one, scrapes started for the flood before the single run's)."""
    access = access_to(stack.describe(), stack.credentials)
    analysis = await asyncpg.connect(access.database_url("analysis_service"))
    try:
        async with (
            person(stack, available_credits=10, plan="growth") as crowd,
            person(stack, available_credits=2 * accepts, plan="enterprise") as busy,
            person(stack, available_credits=1, plan="free") as single,
        ):
            empty_ms = await _accept_p95_ms(busy, f"fair.empty{waiting}.", accepts)
            await _at_rest(analysis, busy)
            await analysis.execute(_PAUSE, "growth", True)
            await analysis.execute(
                _FLOOD, waiting, crowd.who.account_id, crowd.who.business_profile_id, f"fair.flood{waiting}."
            )
            full_ms = await _accept_p95_ms(busy, f"fair.full{waiting}.", accepts)
            await _at_rest(analysis, busy)
            await analysis.execute(_PAUSE, "growth", False)
            before = await _started_before(analysis, single, crowd.who.account_id, f"fair.one{waiting}")
            await analysis.execute(
                "update analysis.runs set state = 'cancelled', attempt = attempt + 1, settled_at = now(), due_at = null "
                "where account_id = $1 and state = 'waiting'",
                crowd.who.account_id,
            )
            return empty_ms, full_ms, before
    finally:
        await analysis.execute(_PAUSE, "growth", False)
        await analysis.close()


async def _started_before(
    analysis: "asyncpg.Connection[asyncpg.Record]", single: Person, crowd_id: UUID, name: str
) -> int:
    """Of the crowd's scrapes, how many were given a slot while the single run waited for one."""
    _, accepted = await single.analyze(name)

    async def waited() -> asyncpg.Record | None:
        return await analysis.fetchrow(
            "select (select (s->>'at')::timestamptz from jsonb_array_elements(steps) s "
            "where s->>'step' = 'waiting' limit 1) as since, started_at from analysis.runs where id = $1 and started_at is not null",
            UUID(accepted["run_id"]),
        )

    row = await eventually(waited)
    return await analysis.fetchval(
        "select count(*) from analysis.runs where account_id = $1 and started_at > $2 and started_at < $3",
        crowd_id,
        row["since"],
        row["started_at"],
    )


async def test_thousands_of_waiting_runs_delay_nobody_else(stack: Stack) -> None:
    empty_ms, full_ms, before = await _flooded(stack, waiting=2_000, accepts=15)
    # The next free slot is the single run's: while it waits, at most what was being promoted at that moment goes before it.
    assert before <= 2
    # 15 samples on a machine that others use: the bound proper is the campaign's.
    assert full_ms <= max(3 * empty_ms, 100), (empty_ms, full_ms)


@pytest.mark.campaign
async def test_ten_thousand_waiting_runs_delay_nobody_else(stack: Stack) -> None:
    empty_ms, full_ms, before = await _flooded(stack, waiting=10_000, accepts=200)
    print(  # noqa: T201  # the campaign's figure
        f"accept p95: empty {empty_ms:.1f} ms, 10,000 waiting {full_ms:.1f} ms; {before} went before the single run"
    )
    assert before <= 2
    assert full_ms <= 1.5 * empty_ms
