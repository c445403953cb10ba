"""A run may wait as long as it likes: no clean-up fails it and no hold runs out under it."""

import asyncio
import time
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from oslira_devstack.access import access_to
from oslira_devstack.stack import Stack, StackConfig
from oslira_devstack.testing import TEST_SPEED
from oslira_scheduler.application.publish_tick import publish_tick
from oslira_shared.bus.connection import Bus
from oslira_shared.contracts.scheduler.v1 import JobState, RunJob, run_job_subject
from people import differences, eventually, person

STALLED_AFTER_S = 2.0
HOLD_LIFE_S = 0.4


@pytest_asyncio.fixture(scope="module")
async def hasty(scratch_dir: Path) -> AsyncGenerator[Stack]:
    """A stack that gives up a stalled run after 2 s, and whose holds first live 0.4 s."""
    config = StackConfig(
        data_dir=scratch_dir / "hasty",
        speed=TEST_SPEED,
        durable=False,
        extra_environment={
            "analysis": {"OSLIRA_STALLED_AFTER_S": str(STALLED_AFTER_S)},
            "credits": {
                "OSLIRA_HOLD_LIFE_S": str(HOLD_LIFE_S),
                "OSLIRA_HOLD_EXTENSION_S": str(HOLD_LIFE_S),
                "OSLIRA_SWEEP_EVERY_S": "0.1",
            },
        },
    )
    async with Stack(config) as running:
        yield running


@pytest.mark.parametrize("times", [1, pytest.param(10, marks=pytest.mark.campaign)])
async def test_waiting_for_twice_the_stall_time_and_fifteen_times_a_holds_life_fails_nothing(
    hasty: Stack, times: int
) -> None:
    access = access_to(hasty.describe(), hasty.credentials)
    bus = Bus(access.nats_url("tester"), service="gateway")
    await bus.start()
    analysis = await asyncpg.connect(access.database_url("analysis_service"))
    try:
        await analysis.execute("update analysis.slots set cap = 0 where kind = 'scrape'")
        async with person(hasty, available_credits=10) as user:
            runs = [(await user.analyze(f"waiter.{number}"))[1]["run_id"] for number in range(5)]
            waited_s = times * max(2 * STALLED_AFTER_S, 15 * HOLD_LIFE_S) + 0.5
            until, clean_ups = time.monotonic() + waited_s, 0
            while time.monotonic() < until:
                slot = datetime.now(UTC)
                request = RunJob(job="failed-analysis-cleanup", slot=slot)
                await bus.request(run_job_subject("analysis"), request, JobState)
                clean_ups += 1
                await asyncio.sleep(0.4)
            await publish_tick(bus, "failed-analysis-cleanup", datetime.now(UTC))
            assert {(await user.client.run(run_id))["status"] for run_id in runs} == {"waiting"}
            assert (await user.client.balance())["held"] == 5
            await analysis.execute("update analysis.slots set cap = 10 where kind = 'scrape'")
            ended = [await user.settled(run_id) for run_id in runs]
            assert {run["status"] for run in ended} <= {"completed", "failed"}
            assert {run["error"]["code"] for run in ended if run["error"]}.isdisjoint(
                {"stalled", "attempts_used_up"}
            )
            balance = await user.client.balance()
            assert balance["available"] == 10 - sum(run["credits"]["charged"] for run in ended)
        assert clean_ups > 10 * times
        assert await differences(hasty) == []
    finally:
        await analysis.close()
        await bus.stop()


async def test_a_stalled_run_is_failed_released_and_published(hasty: Stack) -> None:
    access = access_to(hasty.describe(), hasty.credentials)
    bus = Bus(access.nats_url("gateway"), service="gateway")
    await bus.start()
    analysis = await asyncpg.connect(access.database_url("analysis_service"))
    try:
        await analysis.execute("update analysis.slots set cap = 0")
        async with person(hasty, available_credits=10) as user:
            _, accepted = await user.analyze("stands.still")

            async def is_waiting() -> bool:
                return (await user.client.run(accepted["run_id"]))["status"] == "waiting"

            await eventually(is_waiting)
            # As an unknown fault would leave it: started, and no worker processes it.
            await analysis.execute(
                "update analysis.runs set state = 'scraping', waits_for = null, due_at = null,"
                " progressed_at = now() - interval '10 seconds' where id = $1",
                accepted["run_id"],
            )
            request = RunJob(job="failed-analysis-cleanup", slot=datetime.now(UTC))
            await bus.request(run_job_subject("analysis"), request, JobState)
            run = await user.settled(accepted["run_id"])
            assert (run["status"], run["error"]["code"]) == ("failed", "stalled")
            assert run["credits"] == {"held": 0, "charged": 0, "released": 1}
            assert (await user.client.balance())["available"] == 10
        assert await differences(hasty) == []
    finally:
        await analysis.close()
        await bus.stop()
