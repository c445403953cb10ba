"""A scraper behind a circuit breaker: no requests while it is open, and every answer updates it."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

from oslira_analysis.application.ports import ActorEnd, Scraper, ScraperBusy, StartedRun
from oslira_analysis.application.supplier_failures import record_failure
from oslira_analysis.domain.breaker import Breaker
from oslira_analysis.metrics import SUPPLIER_TROUBLES

ResultT = TypeVar("ResultT")


class GuardedScraper:
    """Implements Scraper, wrapping another one."""

    def __init__(self, scraper: Scraper, breaker: Breaker, *, clock_s: Callable[[], float]) -> None:
        self._scraper = scraper
        self._breaker = breaker
        self._clock_s = clock_s

    async def start(self, username: str) -> str:
        return await self._ask(lambda: self._scraper.start(username))

    async def list_started(self, *, since: datetime) -> list[StartedRun]:
        return await self._ask(lambda: self._scraper.list_started(since=since))

    async def names_of(self, started: StartedRun) -> list[str]:
        return await self._ask(lambda: self._scraper.names_of(started))

    async def wait(self, actor_run_id: str, *, at_most_s: float) -> ActorEnd:
        return await self._ask(lambda: self._scraper.wait(actor_run_id, at_most_s=at_most_s))

    async def abort(self, actor_run_id: str, *, at_most_s: float) -> ActorEnd:
        return await self._ask(lambda: self._scraper.abort(actor_run_id, at_most_s=at_most_s))

    async def _ask(self, call: Callable[[], Awaitable[ResultT]]) -> ResultT:
        if (hold := self._breaker.held(self._clock_s())) is not None:
            raise ScraperBusy(hold.reason, retry_after_s=hold.left_s)
        try:
            answer = await call()
        except ScraperBusy as error:
            record_failure(self._breaker, self._clock_s(), error)
            SUPPLIER_TROUBLES.labels("apify", error.trouble).inc()
            raise
        self._breaker.succeeded(self._clock_s())
        return answer
