"""One run's event stream: snapshots from the bus, and from Postgres in case the bus lost some.

Events never go back. They may skip steps. The last one is always sent, also while the broker is down.
"""

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog
from oslira_shared.contracts.analysis.v1 import Progress, RunStatus

from oslira_gateway.runs.ports import Runs
from oslira_gateway.runs.run import Run
from oslira_gateway.streams.feed import ProgressFeed, Watch

_LOG = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a stream reads from Postgres. `waiting_s`: a queue position changes without a change of the run."""

    reread_s: float = 4.0
    waiting_s: float = 2.0
    ping_s: float = 15.0


@dataclass(frozen=True, slots=True)
class Ping:
    """Nothing happened; keeps the connection open."""


@dataclass(frozen=True, slots=True)
class Goodbye:
    """The process shuts down; the reader should reconnect."""


DEFAULT_PACE: Final = Pace()


class FollowRun:
    """The steps of one stream."""

    def __init__(
        self,
        runs: Runs,
        feed: ProgressFeed,
        *,
        pace: Pace = DEFAULT_PACE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._runs = runs
        self._feed = feed
        self._pace = pace
        self._clock = clock

    async def __call__(
        self, first: Run, account_id: UUID, *, last_seq: int
    ) -> AsyncIterator[Run | Ping | Goodbye]:
        """From `first`, read a moment ago, to the run's end. `last_seq` is what the reader has seen before (-1: nothing)."""
        run = sent = first
        if first.seq != last_seq:
            yield first
        with self._feed.watch(first.run_id) as watch:
            # The run may have changed between the first read and the subscription: read once more.
            next_read, next_ping = self._clock(), self._clock() + self._pace.ping_s
            while not sent.is_ended:
                if self._clock() >= next_read:
                    run = await self._read(account_id, first.run_id) or run
                    next_read = self._clock() + self._wait_for(run)
                else:
                    known, wait_s = run, min(next_read, next_ping) - self._clock()
                    run = await self._hear(watch, run, account_id, wait_s)
                    # The last message of the bus has no result; Postgres has it.
                    next_read = self._clock() if run.is_ended and run is not known else next_read
                if self._feed.is_closed:
                    yield Goodbye()
                    return
                if run.is_newer_than(sent) and not (run.is_ended and run.source == "live"):
                    sent, next_ping = run, self._clock() + self._pace.ping_s
                    yield run
                if self._clock() >= next_ping:
                    next_ping = self._clock() + self._pace.ping_s
                    yield Ping()

    def _wait_for(self, run: Run) -> float:
        return self._pace.waiting_s if run.status is RunStatus.WAITING else self._pace.reread_s

    async def _hear(self, watch: Watch, run: Run, account_id: UUID, timeout_s: float) -> Run:
        progress = await watch.next(max(0.0, timeout_s))
        return run.advanced(progress) if progress and _belongs(progress, run, account_id) else run

    async def _read(self, account_id: UUID, run_id: UUID) -> Run | None:
        try:
            return await self._runs.follow(account_id, run_id)
        except Exception as error:  # noqa: BLE001  # a stream outlives a database that is away for a while
            _LOG.warning("stream_reread_failed", run_id=str(run_id), reason=type(error).__name__)
            return None


def _belongs(progress: Progress, run: Run, account_id: UUID) -> bool:
    """A message carries no authority: one with another account's id is ignored."""
    return progress.account_id == account_id and progress.seq > run.seq
