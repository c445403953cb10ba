"""Bulks end with the last run that they list. They end early with enough good leads, or when the user cancels.

A run's end checks its bulks after its commit, each under its row lock. So the second of two concurrent ends sees both,
and a transaction that locks a run never waits for a bulk. The sweep repeats a check that a crash prevented.
"""

from uuid import UUID

from oslira_shared.errors import OsliraError

from oslira_analysis.application.after_commit import AfterCommit
from oslira_analysis.application.bulk_ports import Bulks
from oslira_analysis.application.settle_by_request import SettleByRequest


async def sweep_bulks(bulks: Bulks, after: AfterCommit, settle: SettleByRequest) -> None:
    """Called by a loop next to the runs' sweep."""
    await settle(await after.publish_bulks(await bulks.due(), is_repeat=True))


async def cancel_bulk(bulk_id: UUID, account_id: UUID, bulks: Bulks, after: AfterCommit) -> str:
    """End the bulk's active runs. Returns its previous state: `open` or `ended`. Raises OsliraError `bulk_not_found`."""
    found = await bulks.cancel(bulk_id, account_id)
    if found is None:
        raise OsliraError("bulk_not_found", "There is no such bulk in this account.")
    state, changes = found
    await after.publish_bulks(changes)
    await after.promote()
    return state
