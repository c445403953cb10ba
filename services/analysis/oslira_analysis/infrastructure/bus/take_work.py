"""Claims a row that a hint names, and starts its step in the room that this process has for such steps."""

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
from oslira_analysis.application.run_scrape import ScrapePorts, run_scrape
from oslira_analysis.application.score_run import ScorePorts, score_run
from oslira_analysis.metrics import STEP_SECONDS

_ADMIT_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class LeaseKeepers:
    """The rooms of this process, one for each kind of step: what is slow in one leaves the others free.

    `score`, `scrape` and `abort` have a place for each slot of the whole fleet, so what is promoted always finds one.
    """

    admit: LeaseKeeper
    score: LeaseKeeper
    scrape: LeaseKeeper
    abort: LeaseKeeper

    def __iter__(self) -> Iterator[LeaseKeeper]:
        return iter((self.admit, self.score, self.scrape, self.abort))


@dataclass(frozen=True, slots=True)
class Engine:
    """Everything that works on rows. `longest_s`: no step takes longer; its calls have limits of their own."""

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
        await self._take_run(run_id, self.lease_keepers.admit, "queued")

    async def score(self, run_id: UUID) -> None:
        """Claim a run that is `scoring`."""
        await self._take_run(run_id, self.lease_keepers.score, "scoring")

    async def scrape(self, scrape_id: UUID) -> None:
        """Claim a scrape, also one that is to be aborted."""
        # What this process has in hand, it knows best: see LeaseKeeper.holds.
        if not self.lease_keepers.scrape.holds(scrape_id):
            await self.abort(scrape_id)

    async def abort(self, scrape_id: UUID) -> None:
        """Claim a scrape that is to be aborted. Its scraping, which may be in hand here until the next heartbeat, is fenced."""
        lease_keepers = self.lease_keepers
        if lease_keepers.abort.holds(scrape_id):
            return
        if (work := await self.scrapes.claim(scrape_id)) is None:
            return
        is_unwanted = work.claim.state == "aborting"
        step, job = ("abort", abort_scrape) if is_unwanted else ("scrape", run_scrape)
        # Shared by all who want the profile; it is in the trace of the run that it was promoted for, and that pays for it.
        run_id = work.claim.row["promoted_for"] or scrape_id
        with bound_contextvars(scrape_id=str(work.scrape.scrape_id)):
            (lease_keepers.abort if is_unwanted else lease_keepers.scrape).start(
                work.claim, self._timed(step, run_id, partial(job, work, self.scraping))
            )

    async def _take_run(self, run_id: UUID, lease_keeper: LeaseKeeper, state: str) -> None:
        if lease_keeper.holds(run_id) or (work := await self.runs.claim(run_id)) is None:
            return
        if (
            work.claim.state != state
        ):  # a late hint: the row is due at once, for those who have room for its step
            await self.runs.release(work.claim)
            return
        run = work.run
        if state == "queued":
            step, job = "admit", partial(admit_run, work, self.runs, self.cache, self.after)
        else:
            step, job = "score", partial(score_run, work, self.scoring)
        # The task takes its context along: whatever is logged under it says whose run it is.
        with bound_contextvars(
            run_id=str(run.run_id), account_id=str(run.account_id), request_id=run.request_id
        ):
            lease_keeper.start(work.claim, self._timed(step, run.run_id, job))

    async def _timed(self, step: str, run_id: UUID, job: Callable[[], Awaitable[None]]) -> None:
        """What exceeds the limit stops; its lease lapses, and it is tried again."""
        # A hint may have come from another run's end, in its trace: which one this belongs to, the row says.
        with STEP_SECONDS.labels(step).time(), trace.span(step, under=trace.continued(run_id)):
            # Admission asks no supplier: what holds it up longer is stuck, however alive its lease is.
            limit_s = min(_ADMIT_S, self.longest_s) if step == "admit" else self.longest_s
            await within(limit_s, job(), call=step)
