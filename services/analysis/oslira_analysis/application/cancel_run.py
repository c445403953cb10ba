"""Cancel a run. It ends in that transaction, claimed or not. Credits releases its hold after the commit.

The next heartbeat sees the raised attempt and stops work in progress; the scrape's hint aborts the scrape.
"""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from oslira_shared.errors import OsliraError

from oslira_analysis.application.after_commit import AfterCommit
from oslira_analysis.application.rows import Effects


@dataclass(frozen=True, slots=True)
class Cancellation:
    """`state` is the run's current state: `cancelled`, or the final state that it already had."""

    state: str
    effects: Effects


class Cancellations(Protocol):
    """Ends runs that their user cancels."""

    async def cancel(self, run_id: UUID, account_id: UUID) -> Cancellation | None:
        """None if the account has no such run."""
        ...


async def cancel_run(run_id: UUID, account_id: UUID, cancellations: Cancellations, after: AfterCommit) -> str:
    """The run's state afterwards. Raises OsliraError `run_not_found`."""
    found = await cancellations.cancel(run_id, account_id)
    if found is None:
        raise OsliraError("run_not_found", "There is no such run in this account.")
    await after.publish_and_promote(found.effects)
    return found.state
