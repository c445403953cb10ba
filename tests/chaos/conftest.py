"""A stack of its own for each test that stops, kills and wipes."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest_asyncio
from oslira_devstack.stack import Stack, StackConfig

# Slow enough that a run is still going when something is taken away under it.
SPEED = 6.0


@pytest_asyncio.fixture
async def own_stack(scratch_dir: Path, request: object) -> AsyncGenerator[Stack]:
    name = getattr(getattr(request, "node", None), "name", "stack")
    directory = scratch_dir / f"chaos-{abs(hash(name)) % 10**8}"
    async with Stack(StackConfig(data_dir=directory, speed=SPEED, durable=False)) as running:
        yield running
