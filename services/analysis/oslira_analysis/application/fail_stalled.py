"""Fail stalled runs: a started run without progress for too long ends, and its credits are released.

The sweep recovers crashed work within seconds. This job finds work that is stuck for an unexpected reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

from oslira_shared.jobs import JobProgress

from oslira_analysis.application.after_commit import AfterCommit
from oslira_analysis.application.rows import Effects

STALLED: Final = "The analysis made no progress for too long. You were not charged."


class StalledRuns(Protocol):
    """Started runs without progress. Waiting runs do not count: a queue has no length limit."""

    async def find(self, *, stalled_for: timedelta) -> Sequence[UUID]:
        """The longest stalled first."""
        ...

    async def fail(self, run_id: UUID, *, stalled_for: timedelta, detail: str) -> Effects:
        """End it as `stalled`, unless it made progress meanwhile. Aborts its scrape if no other run needs it."""
        ...


@dataclass(frozen=True, slots=True)
class FailStalled:
    """A job. `stalled_for`: 15 minutes, a setting."""

    stalled: StalledRuns
    after: AfterCommit
    stalled_for: timedelta

    async def __call__(self, _slot: datetime, progress: JobProgress) -> None:
        """The published event makes credits release the hold."""
        for run_id in await self.stalled.find(stalled_for=self.stalled_for):
            async with progress.item(f"run {run_id}"):
                effects = await self.stalled.fail(run_id, stalled_for=self.stalled_for, detail=STALLED)
                await self.after.publish(effects)
        await self.after.promote()
