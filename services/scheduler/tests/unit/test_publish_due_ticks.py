from datetime import UTC, datetime, timedelta

import pytest
from memory_slots import MemorySlots
from oslira_scheduler.application.keep_topology import TICKS_LOST, KeepTopology
from oslira_scheduler.application.ports import Slot
from oslira_scheduler.application.publish_due_ticks import PublishDueTicks
from oslira_scheduler.application.publish_tick import publish_tick
from oslira_shared.contracts.base import Contract
from oslira_shared.contracts.jobs import JOBS
from oslira_shared.contracts.scheduler.v1 import Tick
from oslira_shared.errors import OsliraError

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


class Wire:
    """A bus that can be down, and remembers what it stored."""

    def __init__(self) -> None:
        self.is_down = False
        self.stored: list[tuple[str, Contract, str]] = []

    async def publish(self, subject: str, message: Contract, *, msg_id: str) -> None:
        if self.is_down:
            raise OsliraError("unavailable", "down")
        self.stored.append((subject, message, msg_id))

    @property
    def slots(self) -> list[Slot]:
        return [Slot(tick.job, tick.slot) for _, tick, _ in self.stored if isinstance(tick, Tick)]


async def started() -> tuple[MemorySlots, Wire, PublishDueTicks]:
    slots, wire = MemorySlots(NOON), Wire()
    publish = PublishDueTicks(slots, wire)
    await publish()
    return slots, wire, publish


def hourly(clock: datetime) -> list[Slot]:
    """The slots of an hour that ends now."""
    return [Slot("audit", clock - timedelta(minutes=45)), Slot("failed-analysis-cleanup", clock)]


def sorted_slots(wire: Wire) -> list[Slot]:
    return sorted(wire.slots, key=str)


async def test_a_first_start_owes_nothing_of_the_past() -> None:
    slots, wire, _ = await started()
    assert wire.stored == []
    assert set(await slots.latest()) == {job.name for job in JOBS}


async def test_each_slot_is_published_once_under_its_own_message_id() -> None:
    slots, wire, publish = await started()
    slots.clock = NOON + timedelta(hours=1, seconds=1)
    await publish()
    await publish()
    assert {(subject, msg_id) for subject, _, msg_id in wire.stored} == {
        ("scheduler.tick.failed-analysis-cleanup", "failed-analysis-cleanup:2026-01-31T13:00:00+00:00"),
        ("scheduler.tick.audit", "audit:2026-01-31T12:15:00+00:00"),
    }
    assert len(wire.stored) == 2


async def test_after_days_away_every_daily_slot_and_the_newest_of_the_frequent_ones_are_caught_up() -> None:
    slots, wire, publish = await started()
    slots.clock = NOON + timedelta(days=2)
    await publish()
    days = [NOON.replace(day=1, month=2, hour=0), NOON.replace(day=2, month=2, hour=0)]
    at = {job.name: [slot.at for slot in wire.slots if slot.job == job.name] for job in JOBS}
    assert at == {
        "failed-analysis-cleanup": [slots.clock],
        "daily-cleanup": [day + timedelta(hours=2) for day in days],
        "audit": [slots.clock - timedelta(minutes=45)],
        "monthly-renewal": [days[0] + timedelta(hours=3)],
        "owed-credits": [days[1] + timedelta(hours=3, minutes=30)],
        "subscription-sync": [slots.clock],
        "invoice-reconciliation": [day + timedelta(hours=4) for day in days],
        "stripe-reconciliation": [day + timedelta(hours=5, minutes=30) for day in days],
        "model-check": [day + timedelta(hours=5) for day in days],
    }


async def test_a_slot_stays_owed_while_the_bus_is_down() -> None:
    slots, wire, publish = await started()
    slots.clock, wire.is_down = NOON + timedelta(hours=1), True
    await publish()
    slots.states = {slot: "due" if state == "taken" else state for slot, state in slots.states.items()}
    wire.is_down = False
    await publish()
    assert sorted_slots(wire) == hourly(slots.clock)


async def test_a_tick_by_hand_means_the_slot_of_the_jobs_own_grid() -> None:
    wire = Wire()
    tick = await publish_tick(wire, "daily-cleanup", NOON)
    assert tick.slot == datetime(2026, 1, 31, 2, tzinfo=UTC)
    assert (await publish_tick(wire, "daily-cleanup", NOON + timedelta(minutes=7))) == tick
    assert len({msg_id for _, _, msg_id in wire.stored}) == 1


async def test_an_unknown_job_is_refused_and_the_known_ones_named() -> None:
    with pytest.raises(OsliraError, match="daily-cleanup") as refusal:
        await publish_tick(Wire(), "nightly", NOON)
    assert refusal.value.code == "not_found"


class Server:
    """A topology that answers what it is told to."""

    def __init__(self, *changes: str, is_reachable: bool = True, fails: bool = False) -> None:
        self.changes, self.is_reachable, self.fails = list(changes), is_reachable, fails

    async def repair(self) -> list[str]:
        if self.fails:
            raise OsliraError("unavailable", "no answer")
        return self.changes


async def test_a_wiped_bus_is_owed_the_newest_ticks_again() -> None:
    slots, wire, publish = await started()
    slots.clock = NOON + timedelta(hours=1)
    await publish()
    await KeepTopology(Server(TICKS_LOST), slots)()
    await publish()
    assert sorted_slots(wire) == sorted(hourly(slots.clock) * 2, key=str)


@pytest.mark.parametrize(
    "server", [Server(is_reachable=False), Server(fails=True), Server("stream EVENTS created")]
)
async def test_anything_else_about_the_bus_owes_nothing(server: Server) -> None:
    slots, wire, publish = await started()
    slots.clock = NOON + timedelta(hours=1)
    await publish()
    await KeepTopology(server, slots)()
    await publish()
    assert sorted_slots(wire) == hourly(slots.clock)
