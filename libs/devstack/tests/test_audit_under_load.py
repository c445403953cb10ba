"""The audit beside runs that are held, accepted, ended and settled all the time: on sound books it names nothing, and soon."""

import asyncio
import time
from uuid import UUID, uuid4

import pytest
from oslira_credits.infrastructure.audit import ledger_differences
from oslira_devstack.databases import Database
from oslira_shared.ids import new_id
from oslira_shared.postgres.clients import Pool, open_pool

_ACCEPT = """
    insert into analysis.runs (id, state, account_id, user_id, business_profile_id, username, type, price_credits, max_age_s)
    values ($1, 'queued', $2, $2, $2, $3, 'light', 1, 300)
"""
_COMPLETE = "update analysis.runs set state = 'completed' where id = $1"
_CHARGE = (
    "update analysis.runs set charged_credits = 1, released_credits = 0, settled_at = now() where id = $1"
)


async def _run(ledger: Pool, analysis: Pool, account_id: UUID) -> None:
    run_id = new_id()
    await ledger.execute("select credits.hold($1, $2, 1, interval '2 minutes')", run_id, account_id)
    await analysis.execute(_ACCEPT, run_id, account_id, f"name_{run_id.hex[:20]}_{run_id.hex[-4:]}"[:30])
    await asyncio.sleep(0.05)
    await analysis.execute(_COMPLETE, run_id)
    await ledger.execute("select credits.settle($1, 1)", run_id)
    await analysis.execute(_CHARGE, run_id)


async def _beside_load(database: Database, *, seconds: float, runs_s: int, audit_every_s: float) -> None:
    async with (
        await open_pool(database.url("credits_service"), service="credits", max_size=8) as ledger,
        await open_pool(database.url("analysis_service"), service="analysis", max_size=8) as analysis,
        asyncio.TaskGroup() as load,
    ):
        account_id, began = uuid4(), time.monotonic()
        await ledger.execute(
            "select credits.grant($1, 1000000, 'migration', $2)", account_id, f"migration:{account_id}"
        )

        async def keep_going() -> int:
            runs = 0
            while time.monotonic() < began + seconds:
                load.create_task(_run(ledger, analysis, account_id))
                runs += 1
                await asyncio.sleep(max(0.0, began + runs / runs_s - time.monotonic()))
            return runs

        going = load.create_task(keep_going())
        took_s: list[float] = []
        while not going.done():
            at = time.monotonic()
            async with ledger.acquire() as connection:
                # As the job does, which looks once.
                assert await ledger_differences(connection, settling_s=60) == []
            took_s.append(time.monotonic() - at)
            await asyncio.sleep(audit_every_s)
        runs = await going
    print(
        f"\n{runs} runs in {seconds} s, {len(took_s)} audits, the longest {max(took_s):.2f} s, 0 differences"
    )
    assert max(took_s) <= 2


async def test_an_audit_during_load_finds_nothing(database: Database) -> None:
    await _beside_load(database, seconds=6, runs_s=20, audit_every_s=0.2)


@pytest.mark.campaign
@pytest.mark.timeout(2400)
async def test_audits_during_half_an_hour_of_load_find_nothing_within_2_s(database: Database) -> None:
    await _beside_load(database, seconds=1800, runs_s=20, audit_every_s=10)
