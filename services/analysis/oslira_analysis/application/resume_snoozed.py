"""Requeue snoozed runs when they are due, and fail those whose suppliers are unavailable for too long."""

from typing import Protocol

from oslira_analysis.application.after_commit import AfterCommit
from oslira_analysis.application.rows import Effects


class SnoozedRuns(Protocol):
    """Runs that wait for a supplier, without a slot."""

    async def resume(self) -> int:
        """Requeue those whose delay is over. Returns their number."""
        ...

    async def fail_overdue(self) -> Effects:
        """Fail those that have waited too long. A scrape that no other run needs is aborted."""
        ...


async def resume_snoozed(snoozed: SnoozedRuns, after: AfterCommit) -> None:
    """Called every second."""
    effects = await snoozed.fail_overdue()
    if await snoozed.resume() or effects.runs:
        await after.publish_and_promote(effects)
