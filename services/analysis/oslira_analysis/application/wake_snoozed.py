"""Runs that were put off stand in the queue again when their time has come, and end when their suppliers stay away too long."""

from typing import Protocol

from oslira_analysis.application.after_commit import AfterCommit
from oslira_analysis.application.rows import Effects


class SnoozedRuns(Protocol):
    """Runs that wait for a supplier, without a slot."""

    async def wake(self) -> int:
        """Back into the queue, those whose delay is over; how many."""
        ...

    async def fail_impatient(self) -> Effects:
        """End those that have waited too long. A scrape that nobody else wants is aborted."""
        ...


async def wake_snoozed(snoozed: SnoozedRuns, after: AfterCommit) -> None:
    """To be repeated every second."""
    effects = await snoozed.fail_impatient()
    if await snoozed.wake() or effects.runs:
        await after.publish_and_promote(effects)
