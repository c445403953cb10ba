"""Claims a row that a hint names, and starts its step within this process's capacity for such steps."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final
from uuid import UUID

from oslira_shared.deadline import within
from oslira_shared.observability import trace
from oslira_shared.work import LeaseKeeper
from structlog.contextvars import bound_contextvars

from oslira_analysis.application.abort_scrape import abort_scrape
from oslira_analysis.application.admit_run import admit_run
from oslira_analysis.application.after_commit import AfterCommit
from oslira_analysis.application.ports import ProfileCache, Runs, Scrapes
from oslira_analysis.application.run_scrape import run_scrape
from oslira_analysis.application.score_run import ScorePorts, score_run
from oslira_analysis.application.scrape_ports import ScrapePorts
from oslira_analysis.metrics import STEP_SECONDS

_ADMIT_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class LeaseKeepers:
    """One lease keeper for each kind of step, so that a slow step does not block the others.

    `score`, `scrape` and `abort` have capacity for every slot of the whole fleet, so a promoted task always finds some.
    """

    admit: LeaseKeeper
    score: LeaseKeeper
    scrape: LeaseKeeper
    abort: LeaseKeeper

    def __iter__(self) -> Iterator[LeaseKeeper]:
        return iter((self.admit, self.score, self.scrape, self.abort))


@dataclass(frozen=True, slots=True)
class Engine:
    """The steps. `longest_s`: the time limit of a step; its calls have their own limits."""

    runs: Runs
    scrapes: Scrapes
    cache: ProfileCache
    after: AfterCommit
    scraping: ScrapePorts
    scoring: ScorePorts
    lease_keepers: LeaseKeepers
    longest_s: float

    async def admit(self, run_id: UUID) -> None:
        """Claim a run that is `queued`."""
        await self._claim_run(run_id, self.lease_keepers.admit, "queued")

    async def score(self, run_id: UUID) -> None:
        """Claim a run that is `scoring`."""
        await self._claim_run(run_id, self.lease_keepers.score, "scoring")

    async def scrape(self, scrape_id: UUID) -> None:
        """Claim a scrape, including one that has to be aborted."""
        # This process knows the claims that it holds: see LeaseKeeper.holds.
        if not self.lease_keepers.scrape.holds(scrape_id):
            await self.abort(scrape_id)

    async def abort(self, scrape_id: UUID) -> None:
        """Claim a scrape that has to be aborted. Its scraping, which may run here until the next heartbeat, is fenced."""
        lease_keepers = self.lease_keepers
        if lease_keepers.abort.holds(scrape_id):
            return
        if (work := await self.scrapes.claim(scrape_id)) is None:
            return
        is_unwanted = work.claim.state == "aborting"
        step, job = ("abort", abort_scrape) if is_unwanted else ("scrape", run_scrape)
        # Shared by all runs that need the profile. It is in the trace of the run that it was promoted for, which pays for it.
        run_id = work.claim.row["promoted_for"] or scrape_id
        with bound_contextvars(scrape_id=str(work.scrape.scrape_id)):
            (lease_keepers.abort if is_unwanted else lease_keepers.scrape).start(
                work.claim, self._timed(step, run_id, partial(job, work, self.scraping))
            )

    async def _claim_run(self, run_id: UUID, lease_keeper: LeaseKeeper, state: str) -> None:
        if lease_keeper.holds(run_id) or (work := await self.runs.claim(run_id)) is None:
            return
        if (
            work.claim.state != state
        ):  # a late hint: the row is due immediately, for a process with capacity for its step
            await self.runs.release(work.claim)
            return
        run = work.run
        if state == "queued":
            step, job = "admit", partial(admit_run, work, self.runs, self.cache, self.after)
        else:
            step, job = "score", partial(score_run, work, self.scoring)
        # The task copies the context, so that its logs have the run's id.
        with bound_contextvars(
            run_id=str(run.run_id), account_id=str(run.account_id), request_id=run.request_id
        ):
            lease_keeper.start(work.claim, self._timed(step, run.run_id, job))

    async def _timed(self, step: str, run_id: UUID, job: Callable[[], Awaitable[None]]) -> None:
        """A step that exceeds the limit stops; its lease expires, and it is retried."""
        # A hint may be in the trace of another run's end. The row has this run's own trace.
        with STEP_SECONDS.labels(step).time(), trace.span(step, under=trace.continued(run_id)):
            # Admission calls no supplier: if it takes longer it is stuck, even if its lease is extended.
            limit_s = min(_ADMIT_S, self.longest_s) if step == "admit" else self.longest_s
            await within(limit_s, job(), call=step)
