"""A tenant with thousands of waiting runs delays one with a single run by at most the next free slot."""

import statistics
import time
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from oslira_proof.people import Person, eventually, person
from oslira_proof.promises.finding import Finding, Tick, no_tick
from oslira_proof.promises.stage import Stage

PROMISED_RATIO = 1.5
# What was being promoted at the moment when the single run began to wait.
MOST_BEFORE = 2
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
_EBB = """
with crowd as (select id from analysis.runs where account_id = $1 and price_credits = 0), results as (
  delete from analysis.analyses where run_id in (select id from crowd)
)
delete from analysis.runs where id in (select id from crowd)
"""


@dataclass(frozen=True, slots=True)
class Flooded:
    """Accepting with an empty queue and with a full one, and whose scrapes got a slot before the single run's."""

    waiting: int
    empty_p95_ms: float
    full_p95_ms: float
    went_before: int


async def measure_fairness(
    on: Stage, *, waiting: int, accepts: int, tick: Tick = no_tick
) -> tuple[list[Finding], Flooded]:
    """Fills the queue with rows of an account on the growth plan, and empties it again."""
    analysis = on.analysis
    try:
        async with (
            person(on.stack, available_credits=10, plan="growth") as crowd,
            person(on.stack, available_credits=2 * accepts, plan="enterprise") as busy,
            person(on.stack, available_credits=1, plan="free") as single,
        ):
            empty_ms = await _accept_p95_ms(busy, f"fair.empty{waiting}.", accepts)
            tick(1, 3)
            await _at_rest(analysis, busy)
            await analysis.execute(_PAUSE, "growth", True)
            await analysis.execute(
                _FLOOD, waiting, crowd.who.account_id, crowd.who.business_profile_id, f"fair.flood{waiting}."
            )
            full_ms = await _accept_p95_ms(busy, f"fair.full{waiting}.", accepts)
            tick(2, 3)
            await _at_rest(analysis, busy)
            await analysis.execute(_PAUSE, "growth", False)
            before = await _started_before(analysis, single, crowd.who.account_id, f"fair.one{waiting}")
            await analysis.execute(_EBB, crowd.who.account_id)
            tick(3, 3)
    finally:
        await analysis.execute(_PAUSE, "growth", False)
    found = Flooded(waiting, empty_ms, full_ms, before)
    return _findings(found), found


def _findings(found: Flooded) -> list[Finding]:
    return [
        Finding(
            f"{found.waiting:,} runs of another account waiting: given a slot before a single run",
            f"<= {MOST_BEFORE} (what was being promoted just then)",
            str(found.went_before),
            found.went_before <= MOST_BEFORE,
        ),
        Finding(
            f"{found.waiting:,} waiting: p95 of accepting, over that with an empty queue",
            f"<= {PROMISED_RATIO}",
            f"{found.full_p95_ms / found.empty_p95_ms:.2f} ({found.full_p95_ms:.1f} ms, empty {found.empty_p95_ms:.1f} ms)",
            found.full_p95_ms <= PROMISED_RATIO * found.empty_p95_ms,
            {"full_p95_ms": found.full_p95_ms, "empty_p95_ms": found.empty_p95_ms},
        ),
    ]


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

    await eventually(look, timeout_s=600)


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
