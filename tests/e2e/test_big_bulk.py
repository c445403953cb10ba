"""A bulk that takes far longer than a hold's first life and the stall time: no clean-up fails it, no hold runs out under it."""

import asyncio
import time
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from oslira_devstack.access import access_to
from oslira_devstack.stack import Stack, StackConfig
from oslira_shared.bus.connection import Bus
from oslira_shared.contracts.scheduler.v1 import JobState, RunJob, run_job_subject
from people import Person, differences, person

_SPEED = 10.0
_LIMITS = {
    "analysis": {"OSLIRA_STALLED_AFTER_S": "15"},
    "credits": {"OSLIRA_HOLD_LIFE_S": "5", "OSLIRA_HOLD_EXTENSION_S": "5"},
}


@pytest_asyncio.fixture(scope="module")
async def impatient(scratch_dir: Path) -> AsyncGenerator[Stack]:
    """Ten times as fast as life, with a hold's first life of 5 s and a stall time of 15 s."""
    config = StackConfig(
        data_dir=scratch_dir / "big-bulk", speed=_SPEED, durable=False, extra_environment=_LIMITS
    )
    async with Stack(config) as running:
        yield running


@pytest.mark.campaign
@pytest.mark.parametrize("count", [1_000])
async def test_a_bulk_of_cold_profiles_outlasts_every_clean_up(impatient: Stack, count: int) -> None:
    access = access_to(impatient.describe(), impatient.credentials)
    bus = Bus(access.nats_url("gateway"), service="gateway")
    await bus.start()
    try:
        async with person(impatient, available_credits=count + 50, plan="enterprise") as user:
            started = time.monotonic()
            names = [f"cold.{number}" for number in range(count)]
            accepted = await user.client.make_bulk(names, business_profile_id=user.who.business_profile_id)
            bulk, clean_ups = await _settled_beside_clean_ups(user, bus, accepted["bulk_id"])
            took_s = time.monotonic() - started
            print(f"bulk of {count}: {took_s:.0f} s, {clean_ups} clean-ups, {bulk['counts']}")  # noqa: T201  # the campaign's value
            assert bulk["status"] == "completed"
            assert (bulk["counts"]["total"], bulk["counts"]["completed"]) == (count, count)
            assert bulk["credits"] == {"held": 0, "charged": count, "released": 0}
            balance = await user.client.balance()
            assert (balance["available"], balance["held"]) == (50, 0)
        assert clean_ups > count / 40
        assert await differences(impatient) == []
    finally:
        await bus.stop()


async def _settled_beside_clean_ups(user: Person, bus: Bus, bulk_id: str) -> tuple[dict[str, Any], int]:
    clean_ups = 0
    async with asyncio.timeout(900):
        while True:
            bulk = await user.client.read_bulk(bulk_id)
            if bulk["status"] != "running" and not bulk["credits"]["held"]:
                return bulk, clean_ups
            request = RunJob(job="failed-analysis-cleanup", slot=datetime.now(UTC))
            await bus.request(run_job_subject("analysis"), request, JobState)
            clean_ups += 1
            await asyncio.sleep(2)
