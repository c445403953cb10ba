"""Runs of visitors without an account end and are forgotten when their hour is over. The row says when: no job can miss it."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from oslira_analysis.application.after_commit import AfterCommit
from oslira_analysis.application.cancel_run import Cancellations, cancel_run


class AnonymousRuns(Protocol):
    """Runs that have a time to be forgotten at."""

    async def overdue(self) -> Sequence[tuple[UUID, UUID]]:
        """(run id, account id) of those whose time has come and that are still at work or waiting."""
        ...

    async def forget(self) -> int:
        """Forget a batch of ended ones: name, result and texts go, id, price and costs stay. How many it were."""
        ...


async def forget_anonymous(runs: AnonymousRuns, cancellations: Cancellations, after: AfterCommit) -> None:
    """What is still at work is cancelled first, which gives its credit back; a later pass forgets it."""
    for run_id, account_id in await runs.overdue():
        await cancel_run(run_id, account_id, cancellations, after)
    await runs.forget()
