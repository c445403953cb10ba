"""A stack for each file of tests that stop, kill and wipe: each test leaves it working, which is what it proves."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio
from oslira_devstack.stack import Stack, StackConfig

# Slow enough that a run is still going when something is taken away under it.
SPEED = 6.0


@pytest_asyncio.fixture(scope="module")
async def own_stack(scratch_dir: Path, request: pytest.FixtureRequest) -> AsyncGenerator[Stack]:
    directory = scratch_dir / f"chaos-{request.path.stem}"
    async with Stack(StackConfig(data_dir=directory, speed=SPEED, durable=False)) as running:
        yield running
