"""Deep and x-ray runs take their scrape, their slowest call, and little more."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio
from oslira_devstack.stack import Stack, StackConfig
from oslira_proof.promises.stage import stage
from oslira_proof.promises.wall_time import PROMISED_MS, Overhead, measure_one, measure_wall_time
from people import person

MOST_TRIES = 6


@pytest.mark.parametrize("kind", ["deep", "xray"])
async def test_a_run_takes_its_scrape_its_slowest_call_and_little_more(stack: Stack, kind: str) -> None:
    async with stage(stack) as on, person(stack, available_credits=30, plan="enterprise") as user:
        # The best of some: whatever else the machine does only ever adds.
        found: list[Overhead] = []
        while len(found) < MOST_TRIES and not any(one.is_small for one in found):
            found.append(await measure_one(on, user, f"walltime.{kind}.{len(found)}", kind))
    assert any(one.is_small for one in found), found


@pytest_asyncio.fixture(scope="module")
async def real_stack(scratch_dir: Path) -> AsyncGenerator[Stack]:
    async with Stack(StackConfig(data_dir=scratch_dir / "wall", speed=1.0, durable=False)) as running:
        yield running


@pytest.mark.campaign
@pytest.mark.parametrize("kind", ["deep", "xray"])
async def test_twenty_runs_at_real_latencies_take_little_more(real_stack: Stack, kind: str) -> None:
    async with stage(real_stack) as on, person(real_stack, available_credits=100, plan="enterprise") as user:
        await measure_one(on, user, f"warm.{kind}", kind)
        finding, found = await measure_wall_time(on, user, kind, count=20)
    print(f"\n{finding.line()}")  # noqa: T201  # the campaign's value
    assert max(one.ours for one in found) <= PROMISED_MS
