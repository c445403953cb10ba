"""The engine is killed at every step of a deep run, with gateway and ledger running."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio
from oslira_devstack.stack import Stack, StackConfig
from oslira_devstack.testing import TEST_SPEED
from oslira_proof.promises.kills import ALL_BUT_THE_ENGINE, measure_kills
from oslira_proof.promises.stage import stage
from people import person


@pytest_asyncio.fixture(scope="module")
async def engineless(scratch_dir: Path) -> AsyncGenerator[Stack]:
    config = StackConfig(
        data_dir=scratch_dir / "engineless", speed=TEST_SPEED, durable=False, services=ALL_BUT_THE_ENGINE
    )
    async with Stack(config) as running:
        yield running


async def test_a_run_survives_a_kill_at_telling_moments_and_is_charged_once(engineless: Stack) -> None:
    async with stage(engineless) as on, person(engineless, available_credits=100) as user:
        finding = await measure_kills(on, user, every=False)
    assert finding.holds, finding.details


@pytest.mark.campaign
@pytest.mark.timeout(3600)
async def test_a_run_survives_a_kill_at_every_step_and_is_charged_once(engineless: Stack) -> None:
    async with stage(engineless) as on, person(engineless, available_credits=1_000) as user:
        finding = await measure_kills(on, user, every=True)
    print(f"\n{finding.line()}")  # noqa: T201  # the campaign's value
    assert finding.holds, finding.details
