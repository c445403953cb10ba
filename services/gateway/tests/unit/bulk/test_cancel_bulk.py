"""Cancelling a bulk answers within a second, also if analysis or credits are slow."""

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from oslira_gateway.bulk.bulk import Bulk, BulkCounts
from oslira_gateway.bulk.cancel_bulk import CancelBulk
from oslira_gateway.identity.caller import Member
from oslira_gateway.runs.run import RunCredits
from oslira_shared.contracts.analysis.v1 import AnalysisType
from oslira_shared.errors import OsliraError
from oslira_shared.ids import new_id

OPEN = Bulk(
    bulk_id=new_id(),
    business_profile_id=new_id(),
    type=AnalysisType.LIGHT,
    status="running",
    stopped_because=None,
    counts=BulkCounts(2, 0, 0, 2, 0, 0, 0, 0),
    progress=10,
    credits=RunCredits(2, 0, 0),
    rejected=[],
    created_at=datetime(2026, 11, 22, tzinfo=UTC),
    finished_at=None,
    seq=1,
)
CANCELLED = replace(OPEN, status="cancelled", credits=RunCredits(2, 0, 0))
SETTLED = replace(CANCELLED, credits=RunCredits(0, 0, 2))


@dataclass
class World:
    """One bulk, how it stands at each look (the last for ever), and how long each look takes."""

    looks: list[Bulk]
    look_s: float = 0.0
    was_open: bool = True

    async def find(self, member: Member, bulk_id: UUID) -> Bulk | None:  # noqa: ARG002
        await asyncio.sleep(self.look_s)
        found = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        return found if found.bulk_id == bulk_id else None

    async def cancel(self, bulk_id: UUID, account_id: UUID) -> bool:  # noqa: ARG002
        return self.was_open


async def cancel(world: World, member: Member) -> Bulk:
    return await CancelBulk(world, world)(member, OPEN.bulk_id)


async def test_the_answer_waits_a_moment_for_the_credits(member: Member) -> None:
    assert await cancel(World([OPEN, CANCELLED, CANCELLED, SETTLED]), member) == SETTLED


@pytest.mark.parametrize("look_s", [0.0, 0.2])
async def test_the_answer_does_not_wait_for_credits_that_are_late(member: Member, look_s: float) -> None:
    async with asyncio.timeout(0.9):
        assert await cancel(World([OPEN, CANCELLED], look_s), member) == CANCELLED


async def test_cancelling_again_answers_the_same_and_a_completed_bulk_is_finished(member: Member) -> None:
    assert await cancel(World([SETTLED], was_open=False), member) == SETTLED
    completed = replace(SETTLED, status="completed")
    with pytest.raises(OsliraError) as finished:
        await cancel(World([completed], was_open=False), member)
    assert (finished.value.code, finished.value.extra["bulk"]) == ("bulk_finished", completed)


async def test_a_bulk_that_is_not_theirs_is_not_found(member: Member) -> None:
    with pytest.raises(OsliraError) as unknown:
        await CancelBulk(World([OPEN]), World([OPEN]))(member, new_id())
    assert unknown.value.code == "bulk_not_found"
