"""The sweep of Stripe's events: what was paid for does not wait for the bus."""

from datetime import datetime
from typing import Any
from uuid import UUID

from oslira_billing.application.sweep_events import SweepEvents
from oslira_shared.ids import new_id


class Desk:
    """Inbox, hints and the use case. `stores`: whether the bus can store."""

    def __init__(self, due: int, *, stores: bool) -> None:
        self.rows = [new_id() for _ in range(due)]
        self.stores = stores
        self.hinted: list[UUID] = []
        self.applied: list[UUID] = []

    async def sweep(self, waiting_since: datetime | None = None) -> list[tuple[UUID, str, int]]:
        del waiting_since
        return [(row_id, "received", 0) for row_id in self.rows]

    async def waiting_since(self) -> datetime | None:
        return None

    async def announce(self, row_id: UUID, state: str, attempt: int, *, again: bool = False) -> bool:
        assert again
        del state, attempt
        self.hinted.append(row_id)
        return self.stores

    async def apply(self, row_id: UUID) -> None:
        self.applied.append(row_id)

    async def pass_once(self) -> None:
        made: Any = self
        await SweepEvents(made, made, self.apply)()


async def test_due_events_go_over_the_bus() -> None:
    desk = Desk(due=3, stores=True)
    await desk.pass_once()
    assert (desk.hinted, desk.applied) == (desk.rows, [])


async def test_events_whose_hint_cannot_be_stored_are_applied_here_some_at_a_time() -> None:
    desk = Desk(due=9, stores=False)
    await desk.pass_once()
    assert desk.applied == desk.rows[:4]
