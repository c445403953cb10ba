"""Three requests in ten to every provider go wrong, in every way there is: each run ends, and the money adds up."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio
from oslira_devstack.stack import Stack, StackConfig
from oslira_proof.promises.faults import measure_faults
from oslira_proof.promises.stage import stage


@pytest_asyncio.fixture
async def impatient_stack(scratch_dir: Path) -> AsyncGenerator[Stack]:
    """Time limits that fit simulators forty times as fast as the real providers."""
    limits = {"MODEL_TIMEOUT_S": "1.5", "APIFY_REQUEST_TIMEOUT_S": "1.5", "APIFY_START_SLACK_S": "2"}
    config = StackConfig(
        data_dir=scratch_dir / "impatient", speed=40, durable=False, extra_environment={"analysis": limits}
    )
    async with Stack(config) as running:
        yield running


async def test_a_few_runs_end_well_or_with_a_release_and_a_reason(impatient_stack: Stack) -> None:
    async with stage(impatient_stack) as on:
        finding = await measure_faults(on, count=9)
    assert finding.holds, finding.details


@pytest.mark.campaign
@pytest.mark.timeout(1200)
async def test_two_hundred_runs_end_well_or_with_a_release_and_a_reason(impatient_stack: Stack) -> None:
    async with stage(impatient_stack) as on:
        finding = await measure_faults(on, count=200)
    print(f"\n{finding.line()}\n{finding.details}")  # noqa: T201  # the campaign's values
    assert finding.holds, finding.details
