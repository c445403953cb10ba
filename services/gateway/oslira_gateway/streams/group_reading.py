"""One reading of a bulk, or of an account's runs, shared by all streams of this process that follow it.

The bus names the runs that changed; Postgres has their state. Every few seconds `(run_id, seq)` of all runs is read, in case the bus
lost a message. Changed runs are read without results and encoded once: an idle stream costs nothing, a thousand runs one query.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

import structlog

from oslira_gateway.bulk.bulk import Bulk
from oslira_gateway.bulk.request_bulk import Bulks
from oslira_gateway.runs.run import RunSummary
from oslira_gateway.streams.feed import GroupWatch, ProgressFeed

_LOG = structlog.get_logger()
# An account's stream has at most so many unfinished runs, and keeps so many ended ones for slow readers.
MOST_RUNS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Head:
    """What shows whether a run changed. The step of a waiting run changes without a new `seq` when a supplier is down."""

    run_id: UUID
    seq: int
    current_step: str


class RunGroups(Protocol):
    """Many runs of one account."""

    async def heads(self, account_id: UUID, run_ids: Collection[UUID]) -> Sequence[Head]:
        """Heads of those ids that belong to the account."""
        ...

    async def unfinished(self, account_id: UUID, *, limit: int) -> Sequence[Head]:
        """Heads of unfinished runs, oldest first."""
        ...

    async def several(self, account_id: UUID, run_ids: Collection[UUID]) -> Sequence[RunSummary]:
        """Those runs that belong to the account, without their results."""
        ...


@dataclass(frozen=True, slots=True)
class GroupPace:
    """`gather_s`: changes within this time are read together."""

    reread_s: float = 4.0
    gather_s: float = 0.25
    ping_s: float = 15.0


@dataclass(frozen=True, slots=True)
class Change:
    """An encoded run or bulk. `number` increases with every change of the reading."""

    number: int
    of: RunSummary | Bulk
    encoded: bytes


class GroupReading:
    """Reads until its task is cancelled or the bulk has ended. Keeps the newest state of each run, ordered by change."""

    def __init__(
        self,
        account_id: UUID,
        bulk_id: UUID | None,
        *,
        groups: RunGroups,
        bulks: Bulks,
        feed: ProgressFeed,
        pace: GroupPace,
        encode: Callable[[RunSummary | Bulk], bytes],
    ) -> None:
        self._account_id, self._bulk_id = account_id, bulk_id
        self._groups, self._bulks, self._feed, self._pace, self._encode = groups, bulks, feed, pace, encode
        self._run_ids: frozenset[UUID] | None = None
        self._runs: dict[UUID, Change] = {}
        self._bulk: Change | None = None
        self._news = asyncio.Event()
        self.number = 0
        self.is_over = False
        self.readers = 0

    def at_start(self) -> list[Change]:
        """What a new reader gets first: all runs of a bulk, the unfinished runs of an account."""
        return [one for one in self.after(0) if self._bulk_id or not one.of.is_ended]

    def after(self, number: int) -> list[Change]:
        """Changes since then, in order."""
        found: list[Change] = []
        for change in reversed(self._runs.values()):
            if change.number <= number:
                break
            found.append(change)
        found.reverse()
        # The bulk comes after its runs, so that none is missing when it has ended.
        return [*found, self._bulk] if self._bulk is not None and self._bulk.number > number else found

    async def wait(self, number: int, timeout_s: float) -> bool:
        """Whether something changed since `number`, or the reading ended, within the time."""
        if self.number > number or self.is_over or self._feed.is_closed:
            return True
        try:
            async with asyncio.timeout(timeout_s):
                await self._news.wait()
        except TimeoutError:
            return False
        return True

    async def keep_reading(self) -> None:
        """The task behind it."""
        loop, next_read = asyncio.get_running_loop(), 0.0
        with self._feed.watch_group(self._account_id, self._belongs) as watch:
            while not (self.is_over or self._feed.is_closed):
                changed = await watch.next(max(0.0, next_read - loop.time()))
                if self._feed.is_closed:
                    break
                try:
                    if loop.time() >= next_read:
                        next_read = loop.time() + self._pace.reread_s
                        await self._read_all()
                    elif changed:
                        await self._read_changed(watch, changed)
                except Exception as error:  # noqa: BLE001  # a stream outlives a database that is away for a while
                    _LOG.warning("stream_reread_failed", reason=type(error).__name__)
                self._wake()
        self._wake()

    def _belongs(self, run_id: UUID) -> bool:
        return self._bulk_id is None or (self._run_ids is not None and run_id in self._run_ids)

    async def _read_all(self) -> None:
        await self._take(await self._changed_heads())
        if self._bulk_id is not None and (bulk := await self._bulks.follow(self._account_id, self._bulk_id)):
            if bulk.is_ended:  # its last runs may have ended between the two statements
                await self._take(await self._changed_heads())
            self._take_bulk(bulk)

    async def _read_changed(self, watch: GroupWatch, changed: set[UUID]) -> None:
        """The changed runs, with those that change shortly after."""
        await asyncio.sleep(self._pace.gather_s)
        await self._take(changed | await watch.next(0))
        if self._bulk_id is not None and (bulk := await self._bulks.follow(self._account_id, self._bulk_id)):
            if bulk.is_ended:
                await self._take(await self._changed_heads())
            self._take_bulk(bulk)

    async def _changed_heads(self) -> set[UUID]:
        """The runs that differ from the last reading."""
        if self._bulk_id is None:
            heads = await self._groups.unfinished(self._account_id, limit=MOST_RUNS)
            gone = self._open_ids() - {head.run_id for head in heads}
            return {head.run_id for head in heads if self._is_news(head)} | gone
        if self._run_ids is None:
            self._run_ids = frozenset(await self._bulks.run_ids(self._account_id, self._bulk_id))
        heads = await self._groups.heads(self._account_id, self._run_ids)
        return {head.run_id for head in heads if self._is_news(head)}

    def _open_ids(self) -> set[UUID]:
        return {run_id for run_id, change in self._runs.items() if not change.of.is_ended}

    def _is_news(self, head: Head | RunSummary) -> bool:
        known = self._runs.get(head.run_id)
        if known is None or not isinstance(known.of, RunSummary) or head.seq > known.of.seq:
            return True
        return head.seq == known.of.seq and head.current_step != known.of.current_step

    async def _take(self, run_ids: Collection[UUID]) -> None:
        if not run_ids:
            return
        for run in await self._groups.several(self._account_id, run_ids):
            if self._is_news(run):
                self._runs.pop(run.run_id, None)
                self._runs[run.run_id] = self._change(run)
        if self._bulk_id is None:
            self._forget_ended()

    def _take_bulk(self, bulk: Bulk) -> None:
        if self._bulk is None or not isinstance(self._bulk.of, Bulk) or bulk.seq > self._bulk.of.seq:
            self._bulk = self._change(bulk)
        self.is_over = bulk.is_ended

    def _forget_ended(self) -> None:
        ended = [run_id for run_id, change in self._runs.items() if change.of.is_ended]
        for run_id in ended[: max(0, len(ended) - MOST_RUNS)]:
            del self._runs[run_id]

    def _change(self, of: RunSummary | Bulk) -> Change:
        self.number += 1
        return Change(self.number, of, self._encode(of))

    def _wake(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()
