"""Credits has settled a run's hold: the run remembers what was charged, and is announced no more."""

from uuid import UUID

from oslira_analysis.application.ports import Announcer, Settlements


async def mark_settled(run_id: UUID, settlements: Settlements, announcer: Announcer) -> None:
    """The message is a hint: the figures come from the ledger's view."""
    await announcer.announce(await settlements.mark_settled(run_id))
