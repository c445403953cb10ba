"""The subscriptions of analysis. A hint is acked when its row is claimed; the work continues under its lease."""

from oslira_shared.bus.connection import Bus
from oslira_shared.contracts.credits.v1 import Settled
from oslira_shared.contracts.work import WorkHint

from oslira_analysis.application.after_commit import AfterCommit
from oslira_analysis.application.ports import Settlements
from oslira_analysis.infrastructure.bus.claim_work import Engine
from oslira_analysis.infrastructure.bus.local_dispatch import LocalDispatcher


def subscribe(bus: Bus, engine: Engine, local_dispatcher: LocalDispatcher) -> None:
    """Declare the consumers of hints."""
    lease_keepers = engine.lease_keepers
    local_dispatcher.register(
        {
            "queued": (lease_keepers.admit, engine.admit),
            "scoring": (lease_keepers.score, engine.score),
            "starting": (lease_keepers.scrape, engine.scrape),
            "running": (lease_keepers.scrape, engine.scrape),
            "aborting": (lease_keepers.abort, engine.abort),
        }
    )

    @bus.consumer("analysis_run")
    async def on_run(hint: WorkHint) -> None:
        # Capacity first: a pulled message is claimed and acked immediately, so pull only what this process can start.
        await lease_keepers.admit.room()
        await engine.admit(hint.row_id)

    @bus.consumer("analysis_score")
    async def on_score(hint: WorkHint) -> None:
        await lease_keepers.score.room()
        await engine.score(hint.row_id)

    @bus.consumer("analysis_scrape")
    async def on_scrape(hint: WorkHint) -> None:
        # The slots bound their number. An abort must not wait behind a scrape without capacity.
        lease_keepers.scrape.require_open()
        await engine.scrape(hint.row_id)


def subscribe_settled(bus: Bus, settlements: Settlements, after: AfterCommit) -> None:
    """Declare the consumer of settlements."""

    @bus.consumer("analysis_settled")
    async def on_settled(event: Settled) -> None:
        # The message is a hint: the charge is read from the ledger's view.
        await after.publish(await settlements.mark_settled(event.hold_id))
