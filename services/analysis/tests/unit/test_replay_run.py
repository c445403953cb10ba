"""A failed run is replayed once, and again after a replay was refused."""

from uuid import UUID, uuid4

import pytest
from fake_after_commit import FakeEngine
from oslira_analysis.application.replay_run import FailedRun, ReplayPorts, replay_run
from oslira_analysis.application.rows import Effects
from oslira_shared.errors import OsliraError

FAILED = FailedRun(uuid4(), uuid4(), 1)


class World:
    """Implements FailedRuns and Holds, as far as replaying asks."""

    def __init__(self) -> None:
        self.runs: set[UUID] = set()
        self.closed: set[UUID] = set()
        self.outcome = "accepted"
        self.day = 20_000

    async def find(self, run_id: UUID) -> FailedRun | None:
        return FAILED if run_id == FAILED.run_id else None

    async def is_run(self, run_id: UUID) -> bool:
        return run_id in self.runs

    async def accept_again(self, run_id: UUID, new_run_id: UUID) -> tuple[str, UUID, Effects]:
        del run_id
        if self.outcome == "accepted":
            self.runs.add(new_run_id)
        return self.outcome, new_run_id, Effects()

    async def hold(self, run_id: UUID, account_id: UUID, amount_credits: int) -> None:
        del account_id, amount_credits
        if run_id in self.closed:
            raise OsliraError("id_closed", "This id is closed.")

    async def release(self, run_id: UUID) -> None:
        self.closed.add(run_id)

    async def replay(self) -> UUID:
        ports = ReplayPorts(
            failed_runs=self, holds=self, after=FakeEngine().after_commit(), today=lambda: self.day
        )
        return await replay_run(FAILED.run_id, ports)

    async def refusal(self) -> str:
        with pytest.raises(OsliraError) as refused:
            await self.replay()
        return refused.value.code


async def test_what_the_days_limit_refused_is_possible_again_tomorrow_and_today() -> None:
    world = World()
    world.outcome = "cost_limit"
    assert [await world.refusal() for _ in range(3)] == ["cost_limit_reached"] * 3
    world.day += 1
    world.outcome = "accepted"
    assert await world.replay() in world.runs


async def test_a_replay_that_became_a_run_is_not_repeated() -> None:
    world = World()
    made = await world.replay()
    assert await world.replay() == made
    world.closed.add(made)  # it ended
    assert await world.refusal() == "conflict"
    assert world.runs == {made}


async def test_refusals_of_a_day_are_bounded() -> None:
    world = World()
    world.outcome = "cost_limit"
    codes = [await world.refusal() for _ in range(10)]
    assert codes == ["cost_limit_reached"] * 9 + ["conflict"]
