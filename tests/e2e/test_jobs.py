"""Every job of the table, triggered several times at once, has its effect once; by the command and by the scheduler."""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest_asyncio
from oslira_devstack.access import Access, access_to
from oslira_devstack.stack import Stack
from oslira_scheduler.application.publish_due_ticks import PublishDueTicks
from oslira_scheduler.application.publish_tick import publish_tick
from oslira_scheduler.infrastructure.postgres import PostgresSlots
from oslira_shared.bus.connection import Bus
from oslira_shared.contracts.jobs import JOBS
from oslira_shared.contracts.scheduler.v1 import JobState, RunJob, run_job_subject
from oslira_shared.postgres.clients import AdminClient, Pool, open_pool
from people import eventually

SCHEMAS = {"gateway": "identity", "credits": "credits", "analysis": "analysis", "billing": "billing"}


class World:
    """Pools under the services' roles, two more schedulers, and the gateway's bus, which sends operators' requests."""

    def __init__(self, access: Access, pools: dict[str, Pool], buses: list[Bus], operator: Bus) -> None:
        self.access, self.pools, self.operator = access, pools, operator
        self.bus = buses[0]
        slots = PostgresSlots(AdminClient(pools["scheduler"]))
        self.schedulers = [PublishDueTicks(slots, bus) for bus in buses]

    async def job_runs(self, job: str, slot: datetime) -> dict[str, dict[str, Any]]:
        """By owner."""
        [owners] = [one.owners for one in JOBS if one.name == job]
        found: dict[str, dict[str, Any]] = {}
        for owner in owners:
            query = (
                f"select state, attempt, counts from {SCHEMAS[owner]}.job_runs where job = $1 and slot = $2"
            )
            row = await self.pools[owner].fetchrow(query, job, slot)
            if row is not None:
                found[owner] = dict(row)
        return found

    async def done(self, job: str, slot: datetime) -> dict[str, dict[str, Any]]:
        [owners] = [one.owners for one in JOBS if one.name == job]

        async def look() -> dict[str, dict[str, Any]] | None:
            runs = await self.job_runs(job, slot)
            return (
                runs
                if len(runs) == len(owners) and {run["state"] for run in runs.values()} == {"done"}
                else None
            )

        return await eventually(look, timeout_s=30)


@pytest_asyncio.fixture
async def world(stack: Stack) -> AsyncGenerator[World]:
    access = access_to(stack.describe(), stack.credentials)
    async with AsyncExitStack() as opened:
        pools: dict[str, Pool] = {}
        for name in (*SCHEMAS, "scheduler"):
            pool = await open_pool(access.database_url(f"{name}_service"), service="test", min_size=1)
            pools[name] = await opened.enter_async_context(pool)
        buses = [Bus(access.nats_url("scheduler"), service="scheduler") for _ in range(2)]
        operator = Bus(access.nats_url("gateway"), service="gateway")
        for bus in (*buses, operator):
            await bus.start()
            opened.push_async_callback(bus.stop)
        await eventually(lambda: asyncio.sleep(0, all(bus.is_connected for bus in (*buses, operator))))
        yield World(access, pools, buses, operator)


async def _cronjob(world: World, job: str, slot: datetime) -> str:
    """As a CronJob runs it."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "oslira_scheduler.tick", job, "--slot", slot.isoformat()),
        env={"NATS_URL": world.access.nats_url("scheduler"), "OSLIRA_ENV": "development"},
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    return output.decode()


async def test_every_job_with_ticks_of_three_schedulers_a_cronjob_and_an_operator_runs_once(
    world: World,
) -> None:
    accounts = [await _old_plan(world.pools["billing"]) for _ in range(3)]
    # A month that only this test renews: the stack's accounts are younger.
    slots = {job.name: publish_slot(job.name) for job in JOBS}
    for job, slot in slots.items():
        await world.pools["scheduler"].execute(
            "insert into scheduler.ticks_published (job, slot, state) values ($1, $2, 'due') on conflict do nothing",
            job,
            slot,
        )

    async def by_hand(job: str, slot: datetime) -> None:
        [owners] = [one.owners for one in JOBS if one.name == job]
        for owner in owners:
            await world.operator.request(run_job_subject(owner), RunJob(job=job, slot=slot), JobState)

    await asyncio.gather(
        *(scheduler() for scheduler in world.schedulers for _ in range(2)),
        *(_cronjob(world, job, slot) for job, slot in slots.items() if job == "monthly-renewal"),
        *(publish_tick(world.bus, job, slot) for job, slot in slots.items()),
        *(by_hand(job, slot) for job, slot in slots.items()),
    )
    for job, slot in slots.items():
        runs = await world.done(job, slot)
        assert {run["attempt"] for run in runs.values()} == {1}, job
    assert (await world.done("monthly-renewal", slots["monthly-renewal"]))["billing"]["counts"][
        "succeeded"
    ] == 3
    for account_id in accounts:
        assert await _granted(world, account_id) == 250

    # Published again, also under a message id that the server doesn't know any more: nothing.
    for job, slot in slots.items():
        await by_hand(job, slot)
        assert {run["attempt"] for run in (await world.job_runs(job, slot)).values()} == {1}


def publish_slot(job: str) -> datetime:
    """A slot of the past that no other test has."""
    return {
        "failed-analysis-cleanup": datetime(2026, 2, 1, 5, tzinfo=UTC),
        "daily-cleanup": datetime(2026, 2, 1, 2, tzinfo=UTC),
        "audit": datetime(2026, 2, 1, 5, 15, tzinfo=UTC),
        "monthly-renewal": datetime(2026, 2, 1, 3, tzinfo=UTC),
        "owed-credits": datetime(2026, 1, 30, 3, 30, tzinfo=UTC),
        "subscription-sync": datetime(2026, 2, 1, 6, tzinfo=UTC),
        "invoice-reconciliation": datetime(2026, 2, 1, 4, tzinfo=UTC),
        "stripe-reconciliation": datetime(2026, 2, 1, 5, 30, tzinfo=UTC),
        "model-check": datetime(2026, 2, 1, 5, tzinfo=UTC),
    }[job]


async def _old_plan(billing: Pool) -> UUID:
    account_id = uuid4()
    await billing.execute("select billing.set_manual_plan($1, 'growth')", account_id)
    old = "update billing.subscriptions set created_at = '2026-01-31T00:00:00Z' where account_id = $1"
    await billing.execute(old, account_id)
    return account_id


async def _granted(world: World, account_id: UUID) -> int:
    connection = await asyncpg.connect(world.access.database_url("credits_service"))
    try:
        return await connection.fetchval(
            "select sum(amount) from credits.grants where account_id = $1", account_id
        )
    finally:
        await connection.close()
