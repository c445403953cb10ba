"""The sweep: recovers from crashes, failed attempts, lost messages and an emptied broker."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from oslira_analysis.application.after_commit import AfterCommit
from oslira_analysis.application.ports import Backlog, Queue
from oslira_analysis.application.settle_by_request import SettleByRequest

# The sweep runs every second. A gap this long means that Postgres was unavailable to all processes.
_OUTAGE_S: Final = 3.0
# Every process extends its leases once a second.
_BEATS_S: Final = 2.5


@dataclass(slots=True)
class RecoverDue:
    """Publishes overdue rows again, under new message ids, and promotes. What the bus cannot store is done here.

    After an outage of Postgres all leases have expired, also of work in progress. Its processes get time for a heartbeat
    first: otherwise others would start the same work, and pay for it again.
    """

    queue: Queue
    after: AfterCommit
    backlog: Backlog
    settle: SettleByRequest
    clock_s: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _passed_at_s: float | None = None

    async def __call__(self) -> None:
        if self._passed_at_s is not None and self.clock_s() - self._passed_at_s > _OUTAGE_S:
            await self.after.promote()  # raises while Postgres is unavailable
            await self.sleep(_BEATS_S)
        waiting_since, asked_at_s = await self.backlog.waiting_since(), self.clock_s()
        due = await self.queue.due(waiting_since)
        if self.clock_s() - asked_at_s > _OUTAGE_S:  # Postgres hung during this statement: the same outage
            await self.sleep(_BEATS_S)
        unsent = await self.after.repeat(due)
        # A bulk pays for its runs.
        await self.settle([row["id"] for row in unsent.runs if row["bulk_id"] is None])
        await self.after.promote()
        self._passed_at_s = self.clock_s()
