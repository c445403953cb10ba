"""Event streams never go back and always send the last event, whatever messages are lost."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from memory_analyses import MemoryRuns, new_run
from oslira_gateway.runs.order import read_order
from oslira_gateway.runs.run import Run
from oslira_gateway.streams.event_stream import encode_events, last_event_id
from oslira_gateway.streams.feed import ProgressFeed
from oslira_gateway.streams.follow_run import FollowRun, Goodbye, Pace, Ping
from oslira_shared.contracts.analysis.v1 import AnalysisType, Progress, RunStatus
from oslira_shared.ids import new_id

ACCOUNT = new_id()
QUICK = Pace(reread_s=0.02, waiting_s=0.01, ping_s=5)
NEVER = Pace(reread_s=60, waiting_s=60, ping_s=60)


class Stream:
    """A run, its feed and a reader."""

    def __init__(self, pace: Pace) -> None:
        self.runs = MemoryRuns()
        self.feed = ProgressFeed()
        order = read_order(username="natgeo", kind="light", business_profile_id=str(new_id()), max_age_s=None)
        self.first = replace(new_run(new_id(), order), seq=1)
        self.runs.rows[self.first.run_id] = (ACCOUNT, self.first)
        self.follow = FollowRun(self.runs, self.feed, pace=pace)
        self.seen: list[Run | Ping | Goodbye] = []
        self.task: asyncio.Task[None] | None = None

    async def open(self, last_seq: int = -1) -> None:
        self.task = asyncio.create_task(self.read(self.follow(self.first, ACCOUNT, last_seq=last_seq)))
        await asyncio.sleep(0.01)

    async def read(self, events: AsyncIterator[Run | Ping | Goodbye]) -> None:
        async for event in events:
            self.seen.append(event)

    async def ended(self) -> list[Run | Ping | Goodbye]:
        assert self.task is not None
        await asyncio.wait_for(self.task, 5)
        return self.seen

    def tell(self, seq: int, status: RunStatus = RunStatus.SCRAPING, **changes: Any) -> None:
        fields: dict[str, Any] = {
            "run_id": self.first.run_id,
            "account_id": ACCOUNT,
            "type": AnalysisType.LIGHT,
            "progress": 20,
            "current_step": "scraping",
            "should_cancel": False,
        }
        self.feed.publish(Progress(seq=seq, status=status, **{**fields, **changes}))

    def complete(self, seq: int = 9) -> None:
        done = replace(self.first, status=RunStatus.COMPLETED, seq=seq, progress=100, result={"score": 70})
        self.runs.change(replace(done, finished_at=datetime.now(UTC)))


@pytest.fixture
def live() -> Stream:
    """Postgres is read at the start and after the end only."""
    return Stream(NEVER)


@pytest.fixture
def quiet() -> Stream:
    """Everything the bus says is lost."""
    return Stream(QUICK)


def seqs(events: list[Run | Ping | Goodbye]) -> list[int]:
    return [event.seq for event in events if isinstance(event, Run)]


async def test_snapshots_come_from_the_bus_and_the_end_with_its_result(live: Stream) -> None:
    await live.open()
    live.tell(2)
    await asyncio.sleep(0.01)
    live.complete()
    live.tell(9, RunStatus.COMPLETED, progress=100)
    events = await live.ended()
    assert seqs(events) == [1, 2, 9]
    assert [event.source for event in events if isinstance(event, Run)] == ["database", "live", "database"]
    assert isinstance(events[-1], Run)
    assert events[-1].result == {"score": 70}


async def test_the_end_comes_although_the_bus_lost_everything(quiet: Stream) -> None:
    await quiet.open()
    quiet.complete()
    assert seqs(await quiet.ended()) == [1, 9]


async def test_events_never_go_back_nor_come_twice(live: Stream) -> None:
    await live.open()
    for seq in (5, 3, 5, 4):
        live.tell(seq)
        await asyncio.sleep(0.01)
    live.complete()
    live.tell(9, RunStatus.COMPLETED)
    assert seqs(await live.ended()) == [1, 5, 9]


async def test_a_slow_reader_misses_steps_but_not_the_newest(live: Stream) -> None:
    await live.open()
    for seq in range(2, 8):
        live.tell(seq)
    await asyncio.sleep(0.01)
    assert seqs(live.seen) == [1, 7]
    live.complete()
    live.tell(9, RunStatus.COMPLETED)
    await live.ended()


async def test_a_message_that_names_another_account_is_not_believed(live: Stream) -> None:
    await live.open()
    live.tell(2, account_id=new_id())
    await asyncio.sleep(0.01)
    assert seqs(live.seen) == [1]
    live.complete()
    live.tell(9, RunStatus.COMPLETED)
    await live.ended()


async def test_progress_never_falls_within_a_stream(live: Stream) -> None:
    await live.open()
    live.tell(2, progress=60)
    await asyncio.sleep(0.01)
    live.tell(3, progress=20)
    await asyncio.sleep(0.01)
    assert [event.progress for event in live.seen if isinstance(event, Run)] == [0, 60, 60]
    live.complete()
    live.tell(9, RunStatus.COMPLETED)
    await live.ended()


async def test_a_reader_who_has_the_last_event_gets_only_what_is_new(quiet: Stream) -> None:
    await quiet.open(last_seq=1)
    await asyncio.sleep(0.05)
    assert quiet.seen == []
    quiet.complete()
    assert seqs(await quiet.ended()) == [9]


async def test_a_reader_who_claims_a_later_event_still_gets_the_end(quiet: Stream) -> None:
    await quiet.open(last_seq=10**6)
    quiet.complete()
    assert seqs(await quiet.ended())[-1] == 9


async def test_a_place_in_the_queue_moves_without_the_run_changing(quiet: Stream) -> None:
    waiting = replace(quiet.first, status=RunStatus.WAITING, seq=2)
    quiet.runs.change(replace(waiting, queue_position=2, eta_s=10))
    await quiet.open()
    await asyncio.sleep(0.03)
    quiet.runs.change(replace(waiting, queue_position=1, eta_s=5))
    await asyncio.sleep(0.05)
    quiet.complete()
    runs = [event for event in await quiet.ended() if isinstance(event, Run)]
    assert [run.queue_position for run in runs] == [None, 2, 1, None]


async def test_a_supplier_that_becomes_unavailable_is_sent_without_the_run_changing(quiet: Stream) -> None:
    waiting = replace(quiet.first, status=RunStatus.WAITING, current_step="waiting", seq=2)
    quiet.runs.change(waiting)
    await quiet.open()
    await asyncio.sleep(0.03)
    quiet.runs.change(replace(waiting, current_step="supplier_unavailable"))
    await asyncio.sleep(0.05)
    quiet.complete()
    runs = [event for event in await quiet.ended() if isinstance(event, Run)]
    assert [run.current_step for run in runs[1:3]] == ["waiting", "supplier_unavailable"]


async def test_a_stream_says_goodbye_when_the_process_ends(live: Stream) -> None:
    await live.open()
    live.feed.close()
    assert (await live.ended())[-1] == Goodbye()


async def test_a_quiet_stream_pings() -> None:
    stream = Stream(Pace(reread_s=60, waiting_s=60, ping_s=0.02))
    await stream.open()
    await asyncio.sleep(0.08)
    stream.feed.close()
    assert [type(event) for event in await stream.ended()][1:3] == [Ping, Ping]


async def test_a_stream_outlives_a_database_that_is_away(quiet: Stream) -> None:
    quiet.runs.is_down = True
    await quiet.open()
    await asyncio.sleep(0.05)
    quiet.complete()
    quiet.runs.is_down = False
    assert seqs(await quiet.ended()) == [1, 9]


async def test_nothing_is_watched_once_a_stream_has_ended(quiet: Stream) -> None:
    await quiet.open()
    assert quiet.feed.is_watched(quiet.first.run_id)
    quiet.complete()
    await quiet.ended()
    assert not quiet.feed.is_watched(quiet.first.run_id)


async def test_events_on_the_wire() -> None:
    stream = Stream(NEVER)

    async def events() -> AsyncIterator[Run | Ping | Goodbye]:
        yield stream.first
        yield Ping()
        yield Goodbye()

    sent = [chunk.decode() async for chunk in encode_events(events(), show=lambda run: run)]
    assert sent[0] == "retry: 1000\n\n"
    assert sent[1].startswith("id: 1\nevent: progress\ndata: {")
    assert "\n" not in sent[1].split("data: ")[1].removesuffix("\n\n")
    assert sent[2:] == [": ping\n\n", "retry: 1000\n\n"]


@pytest.mark.parametrize(
    ("header", "seq"), [(None, -1), ("", -1), ("7", 7), ("-1", -1), ("x", -1), ("9" * 40, -1), ("٣", -1)]
)
def test_last_event_ids(header: str | None, seq: int) -> None:
    assert last_event_id(header) == seq
