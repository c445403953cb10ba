"""Case 96: gateway, credits and analysis work behind a pooler in transaction mode."""

import asyncio
from typing import Any

import pytest


@pytest.fixture
def is_pooled() -> bool:
    return True


@pytest.mark.timeout(120)
async def test_analyses_at_once_are_scored_and_charged_once_each(world: Any) -> None:
    names = [f"pooled.{number}" for number in range(8)]
    accepted = await asyncio.gather(*(world.post(name) for name in names))
    assert [answer.status_code for answer in accepted] == [202] * len(names)
    runs = await asyncio.gather(*(world.ended(answer.json()["run_id"]) for answer in accepted))
    assert [(run["status"], run["credits"]["charged"]) for run in runs] == [("completed", 1)] * len(names)
    assert await world.balance() == {"available": 20 - len(names), "held": 0}
