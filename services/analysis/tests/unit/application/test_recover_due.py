"""The sweep after an outage of Postgres: work in progress gets time for a heartbeat first."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from fake_after_commit import FakeEngine
from oslira_analysis.application.ports import Promoted
from oslira_analysis.application.recover_due import RecoverDue
from oslira_analysis.application.rows import Effects
from oslira_analysis.application.settle_by_request import SettleByRequest
from oslira_shared.ids import new_id

SINCE: Mapping[str, datetime] = {"queued": datetime(2026, 1, 1, tzinfo=UTC)}


@dataclass
class Engine(FakeEngine):
    """Queue, announcer, backlog and clock of one process."""

    steps: list[str] = field(default_factory=list[str])
    now_s: float = 0.0
    is_away: bool = False
    hangs_for_s: float = 0.0
    asked_with: list[Any] = field(default_factory=list[Any])
    unsent: Effects = field(default_factory=Effects)
    settled: list[UUID] = field(default_factory=list[UUID])
    marked: list[UUID] = field(default_factory=list[UUID])

    async def promote(self) -> Promoted:
        if self.is_away:
            raise ConnectionError
        self.steps.append("promote")
        return Promoted([], [])

    async def due(self, waiting_since: Mapping[str, datetime]) -> Effects:
        if self.is_away:
            raise ConnectionError
        self.asked_with.append(waiting_since)
        self.steps.append("due")
        self.now_s += self.hangs_for_s
        return Effects()

    async def settle(self, hold_id: UUID) -> None:
        self.settled.append(hold_id)

    async def mark_settled(self, run_id: UUID) -> Effects:
        self.marked.append(run_id)
        return Effects()

    async def announce(self, effects: Effects, *, is_repeat: bool = False) -> Effects:  # noqa: ARG002
        if is_repeat:
            self.steps.append("announce")
        return self.unsent

    async def waiting_since(self) -> Mapping[str, datetime]:
        return SINCE

    async def sleep(self, seconds: float) -> None:
        self.steps.append("wait")
        self.now_s += seconds


def sweep_of(engine: Engine) -> RecoverDue:
    made: Any = engine
    after = engine.after_commit()
    settle = SettleByRequest(made, made, after)
    return RecoverDue(made, after, made, settle, lambda: engine.now_s, engine.sleep)


async def test_queued_rows_are_excluded() -> None:
    engine = Engine()
    await sweep_of(engine)()
    assert engine.asked_with == [SINCE]


async def test_it_waits_for_heartbeats_only_after_an_outage() -> None:
    engine = Engine()
    sweep = sweep_of(engine)
    await sweep()
    engine.now_s += 1
    await sweep()
    assert "wait" not in engine.steps

    engine.is_away = True
    for _ in range(5):
        engine.now_s += 1
        with pytest.raises(ConnectionError):
            await sweep()
    assert "wait" not in engine.steps

    engine.is_away, engine.steps = False, []
    await sweep()
    assert engine.steps == ["promote", "wait", "due", "announce", "promote"]
    engine.steps = []
    engine.now_s += 1
    await sweep()
    assert engine.steps == ["due", "announce", "promote"]


async def test_it_waits_for_heartbeats_also_when_its_own_statement_hung() -> None:
    engine = Engine(hangs_for_s=13)
    await sweep_of(engine)()
    assert engine.steps == ["due", "wait", "announce", "promote"]


async def test_runs_whose_end_the_bus_cannot_store_are_settled_by_request() -> None:
    alone, of_a_bulk = new_id(), new_id()
    engine = Engine(
        unsent=Effects(runs=[{"id": alone, "bulk_id": None}, {"id": of_a_bulk, "bulk_id": new_id()}])
    )
    await sweep_of(engine)()
    assert engine.settled == engine.marked == [alone]


async def test_a_pass_settles_a_limited_number_by_request() -> None:
    engine = Engine(unsent=Effects(runs=[{"id": new_id(), "bulk_id": None} for _ in range(100)]))
    await sweep_of(engine)()
    assert len(engine.settled) == 32
