"""How long users wait, with providers as slow as the real ones."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio
from oslira_devstack.stack import Stack, StackConfig
from oslira_proof.promises.bulk_of_many import measure_bulk
from oslira_proof.promises.latency_table import measure_table
from oslira_proof.promises.stage import stage
from people import differences, person

pytestmark = [pytest.mark.campaign, pytest.mark.timeout(1800)]


@pytest_asyncio.fixture(scope="module")
async def replicated(scratch_dir: Path) -> AsyncGenerator[Stack]:
    """Two engines behind one gateway."""
    config = StackConfig(
        data_dir=scratch_dir / "replicated", speed=1.0, durable=False, replicas={"analysis": 2}
    )
    async with Stack(config) as running:
        yield running


async def test_a_bulk_of_a_hundred_is_nearly_as_fast_as_ten_slots_allow(replicated: Stack) -> None:
    async with stage(replicated) as on, person(replicated, available_credits=100, plan="enterprise") as user:
        findings, bulk = await measure_bulk(on, user, count=100)
    print("", *(finding.line() for finding in findings), sep="\n")  # noqa: T201  # the campaign's values
    assert all(finding.holds for finding in findings), bulk
    assert await differences(replicated) == []


async def test_the_table_next_to_the_plan(replicated: Stack) -> None:
    async with (
        stage(replicated) as on,
        person(replicated, available_credits=100, plan="enterprise") as user,
        person(replicated, available_credits=100, plan="enterprise") as other,
    ):
        findings = await measure_table(on, user, other, count=5)
    print("", *(finding.line() for finding in findings), sep="\n")  # noqa: T201  # the campaign's values
    # What the providers take is theirs; what is promised of ours is in test_wall_time.py, and these two.
    assert all(finding.holds for finding in findings[-2:]), findings
