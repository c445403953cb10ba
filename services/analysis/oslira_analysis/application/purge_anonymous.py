"""End and purge anonymous runs when their hour is over. The row has the time, so a missed job does not matter."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from oslira_analysis.application.after_commit import AfterCommit
from oslira_analysis.application.cancel_run import Cancellations, cancel_run


class AnonymousRuns(Protocol):
    """Runs with a purge time."""

    async def overdue(self) -> Sequence[tuple[UUID, UUID]]:
        """(run id, account id) of those that are due and still active."""
        ...

    async def purge(self) -> int:
        """Purge a batch of ended runs: name, result and texts are deleted; id, price and costs stay. Returns their number."""
        ...


async def purge_anonymous(runs: AnonymousRuns, cancellations: Cancellations, after: AfterCommit) -> None:
    """Active runs are cancelled first, which releases their credit; a later pass purges them."""
    for run_id, account_id in await runs.overdue():
        await cancel_run(run_id, account_id, cancellations, after)
    await runs.purge()
