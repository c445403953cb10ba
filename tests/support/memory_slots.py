"""Slots in memory, for unit tests; the same contract tests run on Postgres."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from oslira_scheduler.application.ports import Slot

_KEPT_FOR: Final = timedelta(days=90)


@dataclass(slots=True)
class MemorySlots:
    """Implements Slots, with a clock that the test sets."""

    clock: datetime
    states: dict[Slot, str] = field(default_factory=dict[Slot, str])

    async def now(self) -> datetime:
        return self.clock

    async def latest(self) -> dict[str, datetime]:
        return {slot.job: slot.at for slot in sorted(self.states, key=lambda slot: slot.at)}

    async def begin(self, slot: Slot) -> None:
        if slot.job not in await self.latest():
            self.states[slot] = "baseline"

    async def enqueue(self, slots: Sequence[Slot]) -> None:
        for slot in slots:
            self.states.setdefault(slot, "due")

    async def claim(self, *, limit: int) -> list[Slot]:
        due = [slot for slot, state in self.states.items() if state == "due"]
        taken = sorted(due, key=lambda slot: (slot.at, slot.job))[:limit]
        self.states |= dict.fromkeys(taken, "taken")
        return taken

    async def published(self, slot: Slot) -> None:
        self.states[slot] = "published"
        old = [one for one in self.states if one.job == slot.job and one.at < slot.at - _KEPT_FOR]
        for one in old:
            if self.states[one] != "due":
                del self.states[one]

    async def requeue_latest(self) -> None:
        newest = [Slot(job, at) for job, at in (await self.latest()).items()]
        self.states |= {slot: "due" for slot in newest if self.states[slot] == "published"}
