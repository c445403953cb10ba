"""The event streams of a bulk and of a whole account: a snapshot of each run that has news, and of the bulk itself.

The bus says which runs to look at, Postgres how they stand; without the bus all of them are looked at every few seconds. So events
come late at worst, never go back, and the last ones always come.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

import structlog

from oslira_gateway.analyses.bulk import Bulk
from oslira_gateway.analyses.feed import GroupWatch, ProgressFeed
from oslira_gateway.analyses.follow_run import Goodbye, Ping
from oslira_gateway.analyses.request_bulk import Bulks
from oslira_gateway.analyses.run import Run

_LOG = structlog.get_logger()
# A stream of an account shows at most so many unfinished runs at once; the others appear as these end.
_MOST_UNFINISHED: Final = 1_000


class RunGroups(Protocol):
    """Many runs of one account."""

    async def several(self, account_id: UUID, run_ids: Collection[UUID]) -> Sequence[Run]:
        """Those of the ids that are the account's."""
        ...

    async def unfinished(self, account_id: UUID, *, limit: int) -> Sequence[Run]:
        """What is at work or waits, oldest first."""
        ...


@dataclass(frozen=True, slots=True)
class GroupPace:
    """`gather_s`: news that come together are read together."""

    reread_s: float = 4.0
    gather_s: float = 0.25
    ping_s: float = 15.0


DEFAULT_PACE: Final = GroupPace()


class FollowGroup:
    """The steps of one stream of many runs."""

    def __init__(
        self,
        groups: RunGroups,
        bulks: Bulks,
        feed: ProgressFeed,
        *,
        pace: GroupPace = DEFAULT_PACE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._groups = groups
        self._bulks = bulks
        self._feed = feed
        self._pace = pace
        self._clock = clock

    async def bulk(self, bulk_id: UUID, account_id: UUID) -> AsyncIterator[Run | Bulk | Ping | Goodbye]:
        """Fresh snapshots of all it lists, then what changes, until the bulk has ended."""
        run_ids = frozenset(await self._bulks.run_ids(account_id, bulk_id))
        async for event in self._follow(account_id, run_ids, bulk_id):
            yield event

    async def account(self, account_id: UUID) -> AsyncIterator[Run | Bulk | Ping | Goodbye]:
        """Fresh snapshots of what is unfinished, then all that changes, without end."""
        async for event in self._follow(account_id, None, None):
            yield event

    async def _follow(
        self, account_id: UUID, run_ids: frozenset[UUID] | None, bulk_id: UUID | None
    ) -> AsyncIterator[Run | Bulk | Ping | Goodbye]:
        sent, open_ids, bulk_seq = dict[UUID, tuple[int, str]](), set[UUID](), -1
        with self._feed.watch_group(account_id, run_ids) as watch:
            next_read, next_ping = self._clock(), self._clock() + self._pace.ping_s
            while True:
                changed = await watch.next(max(0.0, min(next_read, next_ping) - self._clock()))
                if self._feed.is_closed:
                    yield Goodbye()
                    return
                if is_full := self._clock() >= next_read:
                    next_read = self._clock() + self._pace.reread_s
                    runs = await self._all(account_id, run_ids, open_ids)
                else:
                    runs = await self._changed(account_id, watch, changed)
                # The bulk after its runs: once it has ended, nothing of theirs is missing.
                bulk = await self._bulk(account_id, bulk_id) if bulk_id and (runs or is_full) else None
                if bulk is not None and bulk.is_ended:
                    runs = await self._all(account_id, run_ids, open_ids)
                for run in runs:
                    (open_ids.discard if run.is_ended else open_ids.add)(run.run_id)
                    seq, step = sent.get(run.run_id, (-1, ""))
                    # A waiting run's step also says whether a supplier is down: that is no change of the run.
                    if run.seq > seq or (run.seq == seq and run.current_step != step):
                        sent[run.run_id] = run.seq, run.current_step
                        next_ping = self._clock() + self._pace.ping_s
                        yield run
                if bulk is not None and bulk.seq > bulk_seq:
                    bulk_seq, next_ping = bulk.seq, self._clock() + self._pace.ping_s
                    yield bulk
                if bulk is not None and bulk.is_ended:
                    return
                if self._clock() >= next_ping:
                    next_ping = self._clock() + self._pace.ping_s
                    yield Ping()

    async def _changed(self, account_id: UUID, watch: GroupWatch, changed: set[UUID]) -> Sequence[Run]:
        """What has news, with what comes right after it."""
        if changed:
            await asyncio.sleep(self._pace.gather_s)
            changed |= await watch.next(0)
        return await self._some(account_id, changed)

    async def _all(
        self, account_id: UUID, run_ids: frozenset[UUID] | None, open_ids: Collection[UUID]
    ) -> Sequence[Run]:
        """The whole group; of an account what is unfinished, and what was when it was last seen."""
        if run_ids is not None:
            return await self._some(account_id, run_ids)
        try:
            unfinished = await self._groups.unfinished(account_id, limit=_MOST_UNFINISHED)
        except Exception as error:  # noqa: BLE001  # a stream outlives a database that is away for a while
            _LOG.warning("stream_reread_failed", reason=type(error).__name__)
            return []
        gone = set(open_ids) - {run.run_id for run in unfinished}
        return [*unfinished, *await self._some(account_id, gone)]

    async def _some(self, account_id: UUID, run_ids: Collection[UUID]) -> Sequence[Run]:
        if not run_ids:
            return []
        try:
            return await self._groups.several(account_id, run_ids)
        except Exception as error:  # noqa: BLE001  # as above
            _LOG.warning("stream_reread_failed", reason=type(error).__name__)
            return []

    async def _bulk(self, account_id: UUID, bulk_id: UUID) -> Bulk | None:
        try:
            return await self._bulks.follow(account_id, bulk_id)
        except Exception as error:  # noqa: BLE001  # as above
            _LOG.warning("stream_reread_failed", bulk_id=str(bulk_id), reason=type(error).__name__)
            return None
