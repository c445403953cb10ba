"""Clean-up of failed analyses: a run that was started and has made no progress for too long ends, and its credits come back.

The sweep recovers what crashed within seconds; what is found here got stuck in a way that nobody thought of.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

from oslira_shared.jobs import JobProgress

from oslira_analysis.application.after_commit import AfterCommit
from oslira_analysis.application.rows import Effects

STALLED: Final = "The analysis made no progress for too long and was given up. You were not charged."


class StalledRuns(Protocol):
    """Runs that were started and stand still. Waiting doesn't count: a queue may be as long as it likes."""

    async def find(self, *, stalled_for: timedelta) -> Sequence[UUID]:
        """The longest standing first."""
        ...

    async def fail(self, run_id: UUID, *, stalled_for: timedelta, detail: str) -> Effects:
        """End it as `stalled`; nothing if it has moved meanwhile. A scrape that nobody else wants is aborted."""
        ...


@dataclass(frozen=True, slots=True)
class FailStalled:
    """A job. `stalled_for`: 15 minutes, a setting."""

    stalled: StalledRuns
    after: AfterCommit
    stalled_for: timedelta

    async def __call__(self, _slot: datetime, progress: JobProgress) -> None:
        """The announcement makes credits release the hold."""
        for run_id in await self.stalled.find(stalled_for=self.stalled_for):
            async with progress.item(f"run {run_id}"):
                effects = await self.stalled.fail(run_id, stalled_for=self.stalled_for, detail=STALLED)
                await self.after.publish(effects)
        await self.after.promote()
