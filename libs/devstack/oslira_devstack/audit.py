"""Does everything add up? Balances = entries, holds = runs, captures = completed runs, grants = payments.

Names what doesn't, mends nothing.
"""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Final
from uuid import UUID

import asyncpg
from oslira_billing.infrastructure import audit as billing
from oslira_credits.infrastructure import audit as ledger
from oslira_credits.infrastructure.audit import Difference
from oslira_shared.postgres.clients import Connection

# A run that has just ended is settled a moment later; only what stays is a difference.
_PATIENCE_S: Final = 20.0
_AGAIN_S: Final = 0.5

_RUNS: Final = """
select id, account_id, state, held_credits as price_credits, capture_credits from analysis.hold_outcomes
"""
_SETTLED: Final = """
select id, account_id, captured, released from credits.holds where state = 'settled'
"""
_ENDED: Final = frozenset({"completed", "failed", "cancelled"})


async def audit(
    credits_url: str, analysis_url: str, billing_url: str | None = None, *, patience_s: float = _PATIENCE_S
) -> list[Difference]:
    """All differences that last longer than a settlement takes. Needs the services' login roles; no billing, no payments."""
    async with AsyncExitStack() as stack:
        credits_ = await _connect(stack, credits_url)
        analysis = await _connect(stack, analysis_url)
        payments = await _connect(stack, billing_url) if billing_url is not None else None
        deadline = asyncio.get_running_loop().time() + patience_s
        while True:
            found = await _look(credits_, analysis, payments)
            if not found or asyncio.get_running_loop().time() > deadline:
                return found
            await asyncio.sleep(_AGAIN_S)


async def _connect(stack: AsyncExitStack, url: str) -> Connection:
    connection = await asyncpg.connect(url)
    stack.push_async_callback(connection.close)
    return connection


async def _look(credits_: Connection, analysis: Connection, payments: Connection | None) -> list[Difference]:
    async with credits_.transaction(isolation="repeatable_read", readonly=True):
        found = await ledger.differences(credits_)
        open_holds = {hold.hold_id: hold for hold in await ledger.open_holds(credits_)}
        settled = {row["id"]: row for row in await credits_.fetch(_SETTLED)}
    runs = {row["id"]: row for row in await analysis.fetch(_RUNS)}
    owners = {hold_id: hold.account_id for hold_id, hold in open_holds.items()}
    owners |= {hold_id: row["account_id"] for hold_id, row in settled.items() if row["account_id"]}
    found += _holds_without(open_holds, runs)
    found += _holds_of_others(owners, runs)
    found += _runs_without(runs, set(open_holds), settled)
    if payments is not None:
        unpaid = await billing.differences(payments)
        found += [Difference(one.what, one.ref, one.detail) for one in unpaid]
    return found


def _holds_of_others(owners: dict[UUID, UUID], runs: dict[UUID, asyncpg.Record]) -> Sequence[Difference]:
    return [
        Difference("hold_of_another_account", str(hold_id), f"held for {owner}, the run is of {account_id}")
        for hold_id, owner in owners.items()
        if hold_id in runs and (account_id := runs[hold_id]["account_id"]) != owner
    ]


def _holds_without(
    open_holds: dict[UUID, ledger.OpenHold], runs: dict[UUID, asyncpg.Record]
) -> Sequence[Difference]:
    """A hold is made before its run is accepted, so one without a run is only wrong once it has come due."""
    return [
        Difference("hold_without_unfinished_run", str(hold_id), "open, but its run ended or never was")
        for hold_id, hold in open_holds.items()
        if (runs[hold_id]["state"] in _ENDED if hold_id in runs else not hold.is_in_first_life)
    ]


def _runs_without(
    runs: dict[UUID, asyncpg.Record], open_holds: set[UUID], settled: dict[UUID, asyncpg.Record]
) -> list[Difference]:
    found: list[Difference] = []
    for run_id, run in runs.items():
        if run["price_credits"] == 0:
            continue
        owed = run["capture_credits"]
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
