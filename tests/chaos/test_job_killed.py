"""A service that is killed in the middle of a job: the next one goes on, and nothing is done twice."""

from datetime import UTC, datetime

import asyncpg
import pytest
from oslira_devstack.access import access_to
from oslira_devstack.stack import Stack
from oslira_scheduler.application.publish_tick import publish_tick
from oslira_shared.bus.connection import Bus
from people import eventually

SLOT = datetime(2026, 2, 1, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("accounts", "kills"), [(600, 1), pytest.param(5_000, 3, marks=pytest.mark.campaign)]
)
async def test_a_renewal_killed_in_the_middle_gives_everybody_their_month_once(
    own_stack: Stack, accounts: int, kills: int
) -> None:
    access = access_to(own_stack.describe(), own_stack.credentials)
    billing = await asyncpg.connect(access.database_url("billing_service"))
    ledger = await asyncpg.connect(access.database_url("credits_service"))
    bus = Bus(access.nats_url("scheduler"), service="scheduler")
    await bus.start()
    await billing.execute(
        "select billing.set_manual_plan(gen_random_uuid(), 'growth') from generate_series(1, $1)", accounts
    )
    await billing.execute("update billing.subscriptions set created_at = '2026-01-31' where plan = 'growth'")

    async def tick() -> bool:
        return bus.is_connected

    await eventually(tick)
    await publish_tick(bus, "monthly-renewal", SLOT)
    given = 0
    for _ in range(kills):
        enough = given + accounts // (kills + 4)

        async def is_in_the_middle(enough: int = enough) -> bool:
            return await billing.fetchval("select count(*) from billing.renewals") >= enough

        await eventually(is_in_the_middle, timeout_s=60)
        killed = await own_stack.supervisor.kill("billing")
        given = await billing.fetchval("select count(*) from billing.renewals")
        assert given < accounts, "it was over before it was killed"

        async def is_restarted(killed: int = killed) -> bool:
            return own_stack.supervisor.processes["billing"].child.pid not in {None, killed}

        await eventually(is_restarted)
        await own_stack.supervisor.wait_ready("billing")

    async def is_done() -> bool:
        return (
            await billing.fetchval("select state from billing.job_runs where job = 'monthly-renewal'")
            == "done"
        )

    await eventually(is_done, timeout_s=600)
    rows = await ledger.fetch(
        "select count(*) as grants, count(distinct account_id) as accounts, sum(amount) as credits"
        " from credits.grants where source = 'subscription'"
    )
    assert [dict(row) for row in rows] == [
        {"grants": accounts, "accounts": accounts, "credits": 250 * accounts}
    ]
    run = await billing.fetchrow("select attempt, counts from billing.job_runs where job = 'monthly-renewal'")
    assert run is not None
    assert run["attempt"] == kills + 1
    await bus.stop()
    await billing.close()
    await ledger.close()
