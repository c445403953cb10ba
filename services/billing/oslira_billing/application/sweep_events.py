"""Send hints for every event that is due: after a crash, a retry's delay, a lost message, or lost data of the bus."""

from dataclasses import dataclass

from oslira_billing.application.ports import Hints, Inbox


@dataclass(frozen=True, slots=True)
class SweepEvents:
    """One pass; the runtime repeats it every second."""

    inbox: Inbox
    hints: Hints

    async def __call__(self) -> None:
        """Does nothing while the bus is down: its hints would be lost, and the rows stay due."""
        if not self.hints.is_open:
            return
        for row_id, state, attempt in await self.inbox.sweep(await self.hints.waiting_since()):
            await self.hints.announce(row_id, state, attempt, again=True)
