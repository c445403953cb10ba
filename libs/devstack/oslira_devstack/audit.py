"""Does everything add up? Balances = entries, holds = runs, captures = completed runs. Names what doesn't, mends nothing."""

import asyncio
from collections.abc import Sequence
from typing import Final
from uuid import UUID

import asyncpg
from oslira_credits.infrastructure import audit as ledger
from oslira_credits.infrastructure.audit import Difference

# A run that has just ended is settled a moment later; only what stays is a difference.
_PATIENCE_S: Final = 20.0
_AGAIN_S: Final = 0.5

_RUNS: Final = """
select id, state, coalesce(price_credits, 0) as price_credits from analysis.runs where state <> 'closed'
"""
_SETTLED: Final = """
select id, captured, released, account_id is null as is_tombstone from credits.holds where state = 'settled'
"""
_ENDED: Final = frozenset({"completed", "failed", "cancelled"})


async def audit(credits_url: str, analysis_url: str) -> list[Difference]:
    """All differences that last longer than a settlement takes. Needs the two services' login roles."""
    credits_, analysis = await asyncpg.connect(credits_url), await asyncpg.connect(analysis_url)
    try:
        deadline = asyncio.get_running_loop().time() + _PATIENCE_S
        while True:
            found = await _look(credits_, analysis)
            if not found or asyncio.get_running_loop().time() > deadline:
                return found
            await asyncio.sleep(_AGAIN_S)
    finally:
        await credits_.close()
        await analysis.close()


async def _look(
    credits_: "asyncpg.Connection[asyncpg.Record]", analysis: "asyncpg.Connection[asyncpg.Record]"
) -> list[Difference]:
    found = await ledger.differences(credits_)
    open_holds = {hold.hold_id for hold in await ledger.open_holds(credits_)}
    settled = {row["id"]: row for row in await credits_.fetch(_SETTLED)}
    runs = {row["id"]: row for row in await analysis.fetch(_RUNS)}
    return [*found, *_holds_without(open_holds, runs), *_runs_without(runs, open_holds, settled)]


def _holds_without(open_holds: set[UUID], runs: dict[UUID, asyncpg.Record]) -> Sequence[Difference]:
    return [
        Difference("hold_without_unfinished_run", str(hold_id), "open, but its run ended or never was")
        for hold_id in open_holds
        if hold_id not in runs or runs[hold_id]["state"] in _ENDED
    ]


def _runs_without(
    runs: dict[UUID, asyncpg.Record], open_holds: set[UUID], settled: dict[UUID, asyncpg.Record]
) -> list[Difference]:
    found: list[Difference] = []
    for run_id, run in runs.items():
        if run["price_credits"] == 0:
            continue
        owed = run["price_credits"] if run["state"] == "completed" else 0
        if run_id in settled:
            captured = settled[run_id]["captured"]
            if run["state"] in _ENDED and captured != owed:
                found.append(
                    Difference("capture_is_not_the_price", str(run_id), f"owed {owed}, captured {captured}")
                )
            elif run["state"] not in _ENDED:
                found.append(Difference("settled_before_its_end", str(run_id), f"the run is {run['state']}"))
        elif run_id not in open_holds:
            found.append(Difference("run_without_hold", str(run_id), f"the run is {run['state']}"))
    found += [
        Difference("capture_without_run", str(hold_id), f"captured {hold['captured']}")
        for hold_id, hold in settled.items()
        if hold["captured"] and hold_id not in runs
    ]
    return found
