"""Send hints for every event that is due: after a crash, a retry's delay, a lost message, or lost data of the bus."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from oslira_billing.application.ports import Hints, Inbox

# Events that this process applies itself in one pass, at the same time. The others are due again in seconds.
_AT_ONCE: Final = 4


@dataclass(frozen=True, slots=True)
class SweepEvents:
    """One pass; the runtime repeats it every second. `apply_event` claims a row, so a second one does nothing."""

    inbox: Inbox
    hints: Hints
    apply_event: Callable[[UUID], Awaitable[None]]

    async def __call__(self) -> None:
        """Events whose hint the bus cannot store are applied here: what was paid for must not wait for the bus."""
        due = await self.inbox.sweep(await self.hints.waiting_since())
        is_stored = await asyncio.gather(
            *(self.hints.announce(row_id, state, attempt, again=True) for row_id, state, attempt in due)
        )
        unsent = [row_id for (row_id, _, _), stored in zip(due, is_stored, strict=True) if not stored]
        await asyncio.gather(*map(self.apply_event, unsent[:_AT_ONCE]))
