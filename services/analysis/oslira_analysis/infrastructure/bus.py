"""What analysis listens to. A hint is acked as soon as its row is claimed; the work runs on under its lease."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from oslira_shared.bus.connection import Bus
from oslira_shared.contracts.analysis import v1
from oslira_shared.contracts.credits.v1 import Settled
from oslira_shared.contracts.work import WorkHint
from oslira_shared.observability import trace
from oslira_shared.work import Heart
from structlog.contextvars import bound_contextvars

from oslira_analysis.application.abort_scrape import abort_scrape
from oslira_analysis.application.admit_run import admit_run
from oslira_analysis.application.mark_settled import mark_settled
from oslira_analysis.application.ports import Announcer, ProfileCache, Queue, Runs, Scrapes, Settlements
from oslira_analysis.application.report_outcome import report_outcome
from oslira_analysis.application.run_scrape import ScrapePorts, run_scrape
from oslira_analysis.application.score_run import ScorePorts, score_run
from oslira_analysis.infrastructure.own_hints import OwnHints
from oslira_analysis.metrics import STEP_SECONDS


@dataclass(frozen=True, slots=True)
class Engine:
    """Everything the subscribers call."""

    runs: Runs
    queue: Queue
    scrapes: Scrapes
    settlements: Settlements
    cache: ProfileCache
    announcer: Announcer
    own_hints: OwnHints
    scraping: ScrapePorts
    scoring: ScorePorts
    run_heart: Heart
    scrape_heart: Heart


def subscribe(bus: Bus, engine: Engine) -> None:
    """Declare the consumers and the responder."""

    async def take_run(run_id: UUID) -> None:
        if (work := await engine.runs.claim(run_id)) is None:
            return
        if work.claim.state == "queued":
            step = "admit"
            job = partial(admit_run, work, engine.runs, engine.queue, engine.cache, engine.announcer)
        else:  # a late hint for a run that is scoring already
            step, job = "score", partial(score_run, work, engine.scoring)
        run = work.run
        # The task takes its context along: whatever is logged under it says whose run it is.
        with bound_contextvars(
            run_id=str(run.run_id), account_id=str(run.account_id), request_id=run.request_id
        ):
            engine.run_heart.start(work.claim, _timed(step, run.run_id, job))

    async def take_scrape(scrape_id: UUID) -> None:
        if (work := await engine.scrapes.claim(scrape_id)) is not None:
            is_unwanted = work.claim.state == "aborting"
            step, job = ("abort", abort_scrape) if is_unwanted else ("scrape", run_scrape)
            # Shared by all who want the profile; it is in the trace of the run that it was promoted for, and that pays for it.
            run_id = work.claim.row["promoted_for"] or scrape_id
            with bound_contextvars(scrape_id=str(work.scrape.scrape_id)):
                engine.scrape_heart.start(
                    work.claim, _timed(step, run_id, partial(job, work, engine.scraping))
                )

    engine.own_hints.take(
        {v1.SCORE: (engine.run_heart, take_run), v1.SCRAPE: (engine.scrape_heart, take_scrape)}
    )

    @bus.consumer("analysis_run")
    async def on_run(hint: WorkHint) -> None:
        # Room first: a message that is pulled is claimed and acked at once, so pull only what this process can take.
        await engine.run_heart.room()
        await take_run(hint.row_id)

    bus.consumer("analysis_score")(on_run)

    @bus.consumer("analysis_scrape")
    async def on_scrape(hint: WorkHint) -> None:
        await engine.scrape_heart.room()
        await take_scrape(hint.row_id)

    @bus.consumer("analysis_settled")
    async def on_settled(event: Settled) -> None:
        await mark_settled(event.hold_id, engine.settlements, engine.announcer)

    @bus.responder(v1.OUTCOME)
    async def on_outcome(request: v1.OutcomeRequest) -> v1.Outcome:
        return await report_outcome(request.hold_id, engine.settlements)


async def _timed(step: str, run_id: UUID, job: Callable[[], Awaitable[None]]) -> None:
    # A hint may have come from another run's end, in its trace: which one this belongs to, the row says.
    with STEP_SECONDS.labels(step).time(), trace.span(step, under=trace.continued(run_id)):
        await job()
