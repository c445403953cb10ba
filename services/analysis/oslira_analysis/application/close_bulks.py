"""Bulks end with the last run they list, and may end early: enough good leads, or their user's word.

A run's end looks at its bulks after it has committed, each under its row's lock. So the second of two that end at once sees both,
and nobody who holds a run ever waits for a bulk. A look that a crash prevented is made up for by the sweep.
"""

from uuid import UUID

from oslira_shared.errors import OsliraError

from oslira_analysis.application.after_commit import AfterCommit
from oslira_analysis.application.bulk_ports import Bulks


async def sweep_bulks(bulks: Bulks, after: AfterCommit) -> None:
    """For the loop beside the runs' sweep."""
    await after.publish_bulks(await bulks.due(), is_repeat=True)


async def cancel_bulk(bulk_id: UUID, account_id: UUID, bulks: Bulks, after: AfterCommit) -> str:
    """End what the bulk still has at work. Its state before: `open`, or `ended`. Raises OsliraError `bulk_not_found`."""
    found = await bulks.cancel(bulk_id, account_id)
    if found is None:
        raise OsliraError("bulk_not_found", "There is no such bulk in this account.")
    state, changes = found
    await after.publish_bulks(changes)
    await after.promote()
    return state
