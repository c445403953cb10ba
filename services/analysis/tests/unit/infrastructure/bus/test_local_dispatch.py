"""A process takes the hints that it gives itself, as long as it has room, and nothing rests on that."""

import asyncio
from dataclasses import dataclass, field
from uuid import UUID

from fake_after_commit import FakeEngine
from oslira_analysis.application.rows import Effects, Hint
from oslira_analysis.infrastructure.bus.local_dispatch import LocalDispatcher
from oslira_shared.ids import new_id


@dataclass(eq=False)
class Room:
    load: int
    capacity: int


@dataclass
class Desk:
    bus: FakeEngine = field(default_factory=FakeEngine)
    taken: list[UUID] = field(default_factory=list[UUID])

    async def take(self, row_id: UUID) -> None:
        await asyncio.sleep(0)
        self.taken.append(row_id)

    async def lose(self, row_id: UUID) -> None:  # noqa: ARG002
        raise ConnectionError("the database went away")


def hints(count: int, state: str = "scoring") -> Effects:
    return Effects([Hint("subject", new_id(), state, 1) for _ in range(count)])


async def settle() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


async def test_hints_within_capacity_are_claimed_and_the_rest_is_published() -> None:
    desk = Desk()
    own = LocalDispatcher()
    after = desk.bus.after_commit(local=own)
    own.register({"scoring": (Room(load=1, capacity=3), desk.take)})  # pyright: ignore[reportArgumentType]  # of a lease_keeper it asks no more
    effects = hints(4)
    await after.publish(effects)
    await settle()
    assert desk.taken == [hint.row_id for hint in effects.hints[:2]]
    assert desk.bus.published.hints == effects.hints[2:]


@dataclass
class FullBus(FakeEngine):
    """It is connected and stores nothing."""

    def __post_init__(self) -> None:
        super().__init__()

    async def announce(self, effects: Effects, *, is_repeat: bool = False) -> Effects:
        del is_repeat
        return effects


async def test_what_the_bus_cannot_store_is_claimed_within_capacity_by_the_sweeping_process() -> None:
    desk = Desk(bus=FullBus())
    own = LocalDispatcher()
    after = desk.bus.after_commit(local=own)
    own.register({"queued": (Room(load=1, capacity=3), desk.take)})  # pyright: ignore[reportArgumentType]
    due = hints(4, "queued")
    assert (await after.repeat(due)).hints == due.hints
    await settle()
    assert desk.taken == [hint.row_id for hint in due.hints[:2]]


async def test_what_the_sweep_repeats_other_work_and_everything_after_the_end_go_over_the_bus() -> None:
    desk = Desk()
    own = LocalDispatcher()
    after = desk.bus.after_commit(local=own)
    own.register({"scoring": (Room(load=0, capacity=9), desk.take)})  # pyright: ignore[reportArgumentType]
    await after.repeat(repeated := hints(1))
    await after.publish(other := hints(1, "queued"))
    own.register({})
    await after.publish(late := hints(1))
    await settle()
    assert desk.taken == []
    assert desk.bus.published.hints == [*repeated.hints, *other.hints, *late.hints]


async def test_a_failed_local_dispatch_frees_capacity_and_is_left_to_the_sweep() -> None:
    desk = Desk()
    own = LocalDispatcher()
    after = desk.bus.after_commit(local=own)
    own.register({"scoring": (Room(load=0, capacity=1), desk.lose)})  # pyright: ignore[reportArgumentType]
    await after.publish(hints(1))
    await settle()
    await after.publish(hints(1))
    await settle()
    assert desk.bus.published.hints == []
