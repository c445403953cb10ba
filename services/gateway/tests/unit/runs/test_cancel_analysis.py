"""Cancelling: what the answer says, and that it comes within a second, whatever is slow behind it."""

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from oslira_gateway.identity.caller import Member
from oslira_gateway.runs.cancel_analysis import CancelAnalysis
from oslira_gateway.runs.receipt import CallLine, Receipt, Settlement, Totals
from oslira_shared.contracts.analysis.v1 import RunStatus, RunType
from oslira_shared.contracts.credits.v1 import Settlement as Settled
from oslira_shared.errors import OsliraError
from oslira_shared.ids import new_id

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@dataclass
class World:
    """One run, what analysis makes of a cancel, and what credits says of its hold (None: nothing, in time)."""

    receipt: Receipt
    status: RunStatus = RunStatus.CANCELLED
    settlement: Settled | None = None
    is_slow: bool = False
    step_s: float = 0.0
    asked: int = 0

    async def of_run(self, member: Member, run_id: UUID) -> Receipt | None:  # noqa: ARG002
        await asyncio.sleep(self.step_s)
        return self.receipt if run_id == self.receipt.run_id else None

    async def cancel(self, run_id: UUID, account_id: UUID) -> RunStatus:  # noqa: ARG002
        await asyncio.sleep(self.step_s)
        return self.status

    async def settled(self, hold_id: UUID) -> Settled | None:  # noqa: ARG002
        self.asked += 1
        if self.is_slow:
            await asyncio.sleep(60)
        return self.settlement


def make_world() -> World:
    run_id = new_id()
    call = CallLine("score", 1, "openai", "m", "v1", "answered", 10, 0, 5, 9, NOW, "0.1")
    receipt = Receipt(
        run_id=run_id,
        bulk_id=None,
        type=RunType.LIGHT,
        username="natgeo",
        status=RunStatus.SCORING,
        created_at=NOW,
        finished_at=None,
        credits=Settlement(run_id, 1, 1, 0, 0, None),
        steps=[],
        scrape=None,
        calls=[call],
        totals=Totals(1, 10, 0, 5, "0.1", "0.2"),
        has_detail=True,
    )
    return World(receipt)


async def test_the_answer_says_what_came_back(member: Member) -> None:
    world = make_world()
    world.settlement = Settled(hold_id=world.receipt.run_id, is_settled=True, released_credits=1)
    answer = await CancelAnalysis(world, world, world)(member, world.receipt.run_id)
    assert (answer.settlement, answer.credits.released, answer.credits.held) == ("settled", 1, 0)


@pytest.mark.parametrize(("is_slow", "step_s"), [(False, 0.0), (True, 0.0), (True, 0.3)])
async def test_credits_that_are_not_back_yet_are_pending_and_the_answer_does_not_wait(
    member: Member,
    *,
    is_slow: bool,
    step_s: float,
) -> None:
    world = make_world()
    world.is_slow, world.step_s = is_slow, step_s
    async with asyncio.timeout(0.9):
        answer = await CancelAnalysis(world, world, world)(member, world.receipt.run_id)
    assert (answer.settlement, answer.credits.held) == ("pending", 1)


async def test_the_hold_of_a_bulk_is_left_alone(member: Member) -> None:
    world = make_world()
    world.receipt = replace(world.receipt, bulk_id=new_id())
    answer = await CancelAnalysis(world, world, world)(member, world.receipt.run_id)
    assert (answer.settlement, world.asked) == ("pending", 0)


@pytest.mark.parametrize("status", [RunStatus.COMPLETED, RunStatus.FAILED])
async def test_a_run_that_has_ended_is_refused_with_its_receipt(member: Member, status: RunStatus) -> None:
    world = make_world()
    world.status = status
    with pytest.raises(OsliraError) as refused:
        await CancelAnalysis(world, world, world)(member, world.receipt.run_id)
    assert refused.value.code == "run_finished"
    receipt: Receipt = refused.value.extra["receipt"]
    assert (receipt.totals.cost_usd, receipt.calls[0].cost_usd, world.asked) == (None, None, 0)


async def test_what_is_not_theirs_is_not_found(member: Member) -> None:
    world = make_world()
    with pytest.raises(OsliraError) as refused:
        await CancelAnalysis(world, world, world)(member, new_id())
    assert refused.value.code == "run_not_found"
