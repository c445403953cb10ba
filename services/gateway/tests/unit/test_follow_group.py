"""Streams of many runs: each run's events in order, the end always, also when the bus says nothing."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self
from uuid import UUID

from oslira_gateway.analyses.feed import ProgressFeed
from oslira_gateway.analyses.follow_group import FollowGroup, GroupPace
from oslira_gateway.analyses.follow_run import Goodbye
from oslira_gateway.analyses.memory import new_run
from oslira_gateway.analyses.order import read_order
from oslira_gateway.analyses.run import Run
from oslira_shared.contracts.analysis.v1 import Progress, RunStatus, RunType
from oslira_shared.ids import new_id

ACCOUNT = new_id()
QUICK = GroupPace(reread_s=0.05, gather_s=0.01, ping_s=5)
NEVER = GroupPace(reread_s=60, gather_s=0.01, ping_s=60)


@dataclass
class MemoryGroups:
    """Runs by id, all of one account."""

    rows: dict[UUID, Run] = field(default_factory=dict[UUID, Run])
    is_down: bool = False

    def add(self, name: str) -> Run:
        order = read_order(username=name, kind="light", business_profile_id=str(new_id()), max_age_s=None)
        run = new_run(new_id(), order)
        self.rows[run.run_id] = run
        return run

    def move(self, run: Run, status: RunStatus) -> Run:
        old = self.rows[run.run_id]
        self.rows[run.run_id] = replace(old, status=status, seq=old.seq + 1)
        return self.rows[run.run_id]

    async def several(self, account_id: UUID, run_ids: Collection[UUID]) -> Sequence[Run]:
        if self.is_down:
            raise OSError("no database")
        return [run for run in self.rows.values() if run.run_id in run_ids and account_id == ACCOUNT]

    async def unfinished(self, account_id: UUID, *, limit: int) -> Sequence[Run]:
        if self.is_down:
            raise OSError("no database")
        return [run for run in self.rows.values() if not run.is_ended and account_id == ACCOUNT][:limit]


class Reader:
    """Reads an account's stream in the background."""

    def __init__(self, groups: MemoryGroups, pace: GroupPace) -> None:
        self.feed = ProgressFeed()
        bulks: Any = None  # an account's stream has no bulk
        self.follow = FollowGroup(groups, bulks, self.feed, pace=pace)
        self.seen: list[Any] = []

    async def __aenter__(self) -> Self:
        self.task = asyncio.create_task(self._read())
        await asyncio.sleep(0.03)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.feed.close()
        await asyncio.wait_for(self.task, 5)

    async def _read(self) -> None:
        async for event in self.follow.account(ACCOUNT):
            self.seen.append(event)

    def tell(self, run: Run, account_id: UUID = ACCOUNT) -> None:
        self.feed.publish(
            Progress(
                run_id=run.run_id,
                account_id=account_id,
                seq=run.seq,
                type=RunType.LIGHT,
                username=None,
                status=run.status,
                progress=run.progress,
                current_step=run.current_step,
                should_cancel=False,
            )
        )


async def test_news_are_read_and_sent_in_order_and_once() -> None:
    groups = MemoryGroups()
    one, two = groups.add("one"), groups.add("two")
    async with Reader(groups, NEVER) as reader:
        for status in (RunStatus.SCRAPING, RunStatus.SCORING, RunStatus.COMPLETED):
            reader.tell(groups.move(one, status))
            await asyncio.sleep(0.03)
        reader.tell(groups.rows[one.run_id])
        await asyncio.sleep(0.03)
        mine = [run.seq for run in reader.seen if run.run_id == one.run_id]
        assert mine == sorted(set(mine))
        assert [run.status for run in reader.seen if run.run_id == one.run_id][-1] is RunStatus.COMPLETED
        assert [run.run_id for run in reader.seen].count(two.run_id) == 1
    assert isinstance(reader.seen[-1], Goodbye)


async def test_the_end_comes_without_the_bus_and_after_the_database_was_away() -> None:
    groups = MemoryGroups()
    run = groups.add("one")
    async with Reader(groups, QUICK) as reader:
        groups.is_down = True
        groups.move(run, RunStatus.COMPLETED)
        await asyncio.sleep(0.1)
        assert [seen.status for seen in reader.seen] == [RunStatus.QUEUED]
        groups.is_down = False
        await asyncio.sleep(0.15)
        assert reader.seen[-1].status is RunStatus.COMPLETED
        new = groups.add("later")
        await asyncio.sleep(0.15)
        assert reader.seen[-1].run_id == new.run_id


async def test_a_supplier_that_becomes_unavailable_is_sent_without_the_run_changing() -> None:
    groups = MemoryGroups()
    run = groups.add("one")
    async with Reader(groups, QUICK) as reader:
        groups.rows[run.run_id] = replace(run, current_step="supplier_unavailable")
        await asyncio.sleep(0.15)
        assert [seen.current_step for seen in reader.seen] == ["queued", "supplier_unavailable"]


async def test_another_accounts_news_wake_nobody() -> None:
    groups = MemoryGroups()
    run = groups.add("one")
    async with Reader(groups, NEVER) as reader:
        reader.tell(groups.move(run, RunStatus.SCORING), account_id=new_id())
        await asyncio.sleep(0.05)
        assert len(reader.seen) == 1
