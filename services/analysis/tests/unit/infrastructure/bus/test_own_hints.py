"""A process takes the hints that it gives itself, as long as it has room, and nothing rests on that."""

import asyncio
from dataclasses import dataclass, field
from uuid import UUID

from oslira_analysis.application.rows import Effects, Hint
from oslira_analysis.infrastructure.bus.own_hints import OwnHints
from oslira_shared.ids import new_id


@dataclass
class Bus:
    """The Announcer behind: what reached the others."""

    heard: list[Hint] = field(default_factory=list[Hint])

    async def announce(self, effects: Effects, *, is_repeat: bool = False) -> None:  # noqa: ARG002
        self.heard += effects.hints


@dataclass(eq=False)
class Room:
    load: int
    capacity: int


@dataclass
class Desk:
    bus: Bus = field(default_factory=Bus)
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


async def test_what_there_is_room_for_is_taken_and_the_rest_is_published() -> None:
    desk = Desk()
    own = OwnHints(desk.bus)
    own.take({"scoring": (Room(load=1, capacity=3), desk.take)})  # pyright: ignore[reportArgumentType]  # of a heart it asks no more
    effects = hints(4)
    await own.announce(effects)
    await settle()
    assert desk.taken == [hint.row_id for hint in effects.hints[:2]]
    assert desk.bus.heard == effects.hints[2:]


async def test_what_the_sweep_repeats_other_work_and_everything_after_the_end_go_over_the_bus() -> None:
    desk = Desk()
    own = OwnHints(desk.bus)
    own.take({"scoring": (Room(load=0, capacity=9), desk.take)})  # pyright: ignore[reportArgumentType]
    await own.announce(repeated := hints(1), is_repeat=True)
    await own.announce(other := hints(1, "queued"))
    own.take({})
    await own.announce(late := hints(1))
    await settle()
    assert desk.taken == []
    assert desk.bus.heard == [*repeated.hints, *other.hints, *late.hints]


async def test_a_hint_that_is_lost_here_is_left_to_the_sweep_and_makes_room() -> None:
    desk = Desk()
    own = OwnHints(desk.bus)
    own.take({"scoring": (Room(load=0, capacity=1), desk.lose)})  # pyright: ignore[reportArgumentType]
    await own.announce(hints(1))
    await settle()
    await own.announce(hints(1))
    await settle()
    assert desk.bus.heard == []
