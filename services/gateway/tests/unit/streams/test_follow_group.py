"""Streams of many runs: each run's events in order, the end always, also when the bus says nothing."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self
from uuid import UUID

from memory_analyses import new_run
from oslira_gateway.runs.order import read_order
from oslira_gateway.runs.run import Run
from oslira_gateway.streams.feed import ProgressFeed
from oslira_gateway.streams.follow_group import FollowGroup
from oslira_gateway.streams.follow_run import Goodbye
from oslira_gateway.streams.group_events_routes import encode
from oslira_gateway.streams.group_reading import GroupPace, Head
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
    asked: list[str] = field(default_factory=list[str])

    def add(self, name: str) -> Run:
        order = read_order(username=name, kind="light", business_profile_id=str(new_id()), max_age_s=None)
        run = new_run(new_id(), order)
        self.rows[run.run_id] = run
        return run

    def move(self, run: Run, status: RunStatus) -> Run:
        old = self.rows[run.run_id]
        self.rows[run.run_id] = replace(old, status=status, seq=old.seq + 1)
        return self.rows[run.run_id]

    async def heads(self, account_id: UUID, run_ids: Collection[UUID]) -> Sequence[Head]:
        return [_head(run) for run in self._found("heads", account_id) if run.run_id in run_ids]

    async def several(self, account_id: UUID, run_ids: Collection[UUID]) -> Sequence[Run]:
        found = self._found(f"several {len(run_ids)}", account_id)
        return [run for run in found if run.run_id in run_ids]

    async def unfinished(self, account_id: UUID, *, limit: int) -> Sequence[Head]:
        found = self._found("unfinished", account_id)
        return [_head(run) for run in found if not run.is_ended][:limit]

    def _found(self, what: str, account_id: UUID) -> list[Run]:
        if self.is_down:
            raise OSError("no database")
        self.asked.append(what)
        return list(self.rows.values()) if account_id == ACCOUNT else []


def _head(run: Run) -> Head:
    return Head(run.run_id, run.seq, run.current_step)


async def collect(follow: FollowGroup, seen: list[Any]) -> None:
    async for event in follow.account(ACCOUNT):
        seen += [one.of for one in event] if isinstance(event, list) else [event]


class Reader:
    """Reads an account's stream in the background."""

    def __init__(self, groups: MemoryGroups, pace: GroupPace) -> None:
        self.feed = ProgressFeed()
        bulks: Any = None  # an account's stream has no bulk
        self.follow = FollowGroup(groups, bulks, self.feed, encode=encode, pace=pace)
        self.seen: list[Any] = []

    async def __aenter__(self) -> Self:
        self.task = asyncio.create_task(self._read())
        await asyncio.sleep(0.03)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.feed.close()
        await asyncio.wait_for(self.task, 5)

    async def _read(self) -> None:
        await collect(self.follow, self.seen)

    def tell(self, run: Run, account_id: UUID = ACCOUNT) -> None:
        self.feed.publish(
            Progress(
                run_id=run.run_id,
                account_id=account_id,
                seq=run.seq,
                type=RunType.LIGHT,
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


async def test_another_accounts_events_wake_no_stream() -> None:
    groups = MemoryGroups()
    run = groups.add("one")
    async with Reader(groups, NEVER) as reader:
        reader.tell(groups.move(run, RunStatus.SCORING), account_id=new_id())
        await asyncio.sleep(0.05)
        assert len(reader.seen) == 1


async def test_streams_of_the_same_account_share_one_reading_and_fetch_only_what_changed() -> None:
    groups = MemoryGroups()
    runs = [groups.add(f"name{number}") for number in range(5)]
    async with Reader(groups, GroupPace(reread_s=0.1, gather_s=0.01, ping_s=5)) as reader:
        others: list[list[Any]] = [[] for _ in range(20)]
        tasks = [asyncio.create_task(collect(reader.follow, seen)) for seen in others]
        await asyncio.sleep(0.02)
        groups.asked.clear()
        groups.move(runs[0], RunStatus.SCORING)
        await asyncio.sleep(0.15)
        assert len(groups.asked) <= 3
        assert [one for one in groups.asked if one != "unfinished"] == ["several 1"]
        for seen in others:
            assert [run.seq for run in seen] == [0, 0, 0, 0, 0, 1]
        reader.feed.close()
        await asyncio.gather(*tasks)


async def test_a_reading_ends_with_its_last_stream() -> None:
    groups = MemoryGroups()
    groups.add("one")
    async with Reader(groups, QUICK):
        pass
    groups.asked.clear()
    await asyncio.sleep(0.12)
    assert groups.asked == []


async def test_a_new_reader_of_a_long_reading_is_not_shown_what_ended_before() -> None:
    groups = MemoryGroups()
    one, two = groups.add("one"), groups.add("two")
    async with Reader(groups, QUICK) as reader:
        groups.move(one, RunStatus.COMPLETED)
        await asyncio.sleep(0.12)
        assert reader.seen[-1].status is RunStatus.COMPLETED
        late: list[Any] = []
        task = asyncio.create_task(collect(reader.follow, late))
        await asyncio.sleep(0.02)
        assert [run.run_id for run in late] == [two.run_id]
        reader.feed.close()
        await task


async def test_a_thousand_runs_leave_the_loop_to_others() -> None:
    groups = MemoryGroups()
    for number in range(1_000):
        groups.add(f"name{number}")
    async with Reader(groups, NEVER) as reader:
        await asyncio.sleep(0.1)
        batches = [event async for event in _first(reader.follow, 20)]
        assert [len(batch) for batch in batches] == [50] * 20


async def _first(follow: FollowGroup, most: int) -> AsyncIterator[Any]:
    number = 0
    async for event in follow.account(ACCOUNT):
        yield event
        number += 1
        if number == most:
            return
