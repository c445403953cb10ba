"""Cancelling: the answer, and that it comes within a second, even if a dependency is slow."""

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from oslira_gateway.identity.caller import Member
from oslira_gateway.runs.cancel_analysis import CancelAnalysis
from oslira_gateway.runs.receipt import CallLine, Receipt, Settlement, Totals
from oslira_shared.contracts.analysis.v1 import RunStatus, RunType
from oslira_shared.errors import OsliraError
from oslira_shared.ids import new_id

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@dataclass
class World:
    """One run, and analysis's answer to a cancel. The receipt is settled from the read `settled_at_read` on."""

    receipt: Receipt
    status: RunStatus = RunStatus.CANCELLED
    settled_at_read: int | None = None
    step_s: float = 0.0
    reads: int = 0

    async def of_run(self, member: Member, run_id: UUID) -> Receipt | None:  # noqa: ARG002
        await asyncio.sleep(self.step_s)
        if run_id != self.receipt.run_id:
            return None
        self.reads += 1
        if self.settled_at_read is None or self.reads < self.settled_at_read:
            return self.receipt
        credits_ = replace(self.receipt.credits, held=0, released=1, settled_at=NOW)
        return replace(self.receipt, credits=credits_)

    async def cancel(self, run_id: UUID, account_id: UUID) -> RunStatus:  # noqa: ARG002
        await asyncio.sleep(self.step_s)
        return self.status


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


@pytest.mark.parametrize("settled_at_read", [1, 2, 4])
async def test_the_answer_has_the_released_credits_once_the_event_of_the_end_has_settled_them(
    member: Member, settled_at_read: int
) -> None:
    world = make_world()
    world.settled_at_read = settled_at_read
    answer = await CancelAnalysis(world, world)(member, world.receipt.run_id)
    assert (answer.settlement, answer.credits.released, answer.credits.held) == ("settled", 1, 0)
    assert world.reads == settled_at_read


@pytest.mark.parametrize("step_s", [0.0, 0.2, 0.3])
async def test_credits_that_are_not_back_in_time_are_pending(member: Member, step_s: float) -> None:
    world = make_world()
    world.step_s = step_s  # of each read and of the cancel: the answer does not wait for the third read
    async with asyncio.timeout(0.9):
        answer = await CancelAnalysis(world, world)(member, world.receipt.run_id)
    assert (answer.settlement, answer.credits.held) == ("pending", 1)


async def test_the_hold_of_a_bulk_is_not_waited_for(member: Member) -> None:
    world = make_world()
    world.receipt = replace(world.receipt, bulk_id=new_id())
    answer = await CancelAnalysis(world, world)(member, world.receipt.run_id)
    assert (answer.settlement, world.reads) == ("pending", 1)


@pytest.mark.parametrize("status", [RunStatus.COMPLETED, RunStatus.FAILED])
async def test_a_run_that_has_ended_is_refused_with_its_receipt(member: Member, status: RunStatus) -> None:
    world = make_world()
    world.status = status
    with pytest.raises(OsliraError) as refused:
        await CancelAnalysis(world, world)(member, world.receipt.run_id)
    assert refused.value.code == "run_finished"
    receipt: Receipt = refused.value.extra["receipt"]
    assert (receipt.totals.cost_usd, receipt.calls[0].cost_usd) == (None, None)


async def test_what_is_not_theirs_is_not_found(member: Member) -> None:
    world = make_world()
    with pytest.raises(OsliraError) as refused:
        await CancelAnalysis(world, world)(member, new_id())
    assert refused.value.code == "run_not_found"
