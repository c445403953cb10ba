"""What analysis listens to. A hint is acked as soon as its row is claimed; the work runs on under its lease."""

from oslira_shared.bus.connection import Bus
from oslira_shared.contracts.analysis import v1
from oslira_shared.contracts.credits.v1 import Settled
from oslira_shared.contracts.work import WorkHint

from oslira_analysis.application.after_commit import AfterCommit
from oslira_analysis.application.ports import Settlements
from oslira_analysis.application.report_outcome import report_outcome
from oslira_analysis.infrastructure.bus.own_hints import OwnHints
from oslira_analysis.infrastructure.bus.take_work import Engine


def subscribe(bus: Bus, engine: Engine, own_hints: OwnHints) -> None:
    """Declare the consumers of hints."""
    lease_keepers = engine.lease_keepers
    own_hints.take(
        {
            "scoring": (lease_keepers.score, engine.score),
            "starting": (lease_keepers.scrape, engine.scrape),
            "aborting": (lease_keepers.abort, engine.abort),
        }
    )

    @bus.consumer("analysis_run")
    async def on_run(hint: WorkHint) -> None:
        # Room first: a message that is pulled is claimed and acked at once, so pull only what this process can take.
        await lease_keepers.admit.room()
        await engine.admit(hint.row_id)

    @bus.consumer("analysis_score")
    async def on_score(hint: WorkHint) -> None:
        await lease_keepers.score.room()
        await engine.score(hint.row_id)

    @bus.consumer("analysis_scrape")
    async def on_scrape(hint: WorkHint) -> None:
        # The slots bound how many there are; an abort must not wait behind a scrape that has no room.
        lease_keepers.scrape.require_open()
        await engine.scrape(hint.row_id)


def answer_outcomes(bus: Bus, settlements: Settlements, after: AfterCommit) -> None:
    """Declare what is between runs and their holds: the responder for credits, and its news."""

    @bus.consumer("analysis_settled")
    async def on_settled(event: Settled) -> None:
        # The message is a hint: what was charged is read from the ledger's view.
        await after.publish(await settlements.mark_settled(event.hold_id))

    @bus.responder(v1.OUTCOME)
    async def on_outcome(request: v1.OutcomeRequest) -> v1.Outcome:
        return await report_outcome(request.hold_id, settlements)
