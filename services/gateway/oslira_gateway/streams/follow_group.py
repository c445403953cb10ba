"""The event streams of a bulk and of an account: a snapshot of each run that changed, and of the bulk.

Events can be late, never go back, and the last ones are always sent. Streams of one process share the reading of a group.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Final
from uuid import UUID

from oslira_gateway.bulk.bulk import Bulk
from oslira_gateway.bulk.request_bulk import Bulks
from oslira_gateway.runs.run import RunSummary
from oslira_gateway.streams.feed import ProgressFeed
from oslira_gateway.streams.follow_run import Goodbye, Ping
from oslira_gateway.streams.group_reading import Change, GroupPace, GroupReading, RunGroups

DEFAULT_PACE: Final = GroupPace()
# After so many events a stream yields to the event loop: to send a thousand takes a while.
_AT_ONCE: Final = 50


class FollowGroup:
    """The steps of one stream of many runs."""

    def __init__(
        self,
        groups: RunGroups,
        bulks: Bulks,
        feed: ProgressFeed,
        *,
        encode: Callable[[RunSummary | Bulk], bytes],
        pace: GroupPace = DEFAULT_PACE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._groups = groups
        self._bulks = bulks
        self._feed = feed
        self._encode = encode
        self._pace = pace
        self._clock = clock
        self._readings: dict[tuple[UUID, UUID | None], tuple[GroupReading, asyncio.Task[None]]] = {}

    async def bulk(self, bulk_id: UUID, account_id: UUID) -> AsyncIterator[Sequence[Change] | Ping | Goodbye]:
        """Snapshots of all its runs, then of each change, until the bulk has ended."""
        async for events in self._follow(account_id, bulk_id):
            yield events

    async def account(self, account_id: UUID) -> AsyncIterator[Sequence[Change] | Ping | Goodbye]:
        """Snapshots of all unfinished runs, then of each change, without end."""
        async for events in self._follow(account_id, None):
            yield events

    async def _follow(
        self, account_id: UUID, bulk_id: UUID | None
    ) -> AsyncIterator[Sequence[Change] | Ping | Goodbye]:
        with self._reading(account_id, bulk_id) as reading:
            next_ping = self._clock() + self._pace.ping_s
            seen, is_over, changes = reading.number, reading.is_over, reading.at_start()
            while True:
                for start in range(0, len(changes), _AT_ONCE):
                    next_ping = self._clock() + self._pace.ping_s
                    yield changes[start : start + _AT_ONCE]
                    await asyncio.sleep(0)
                if self._feed.is_closed:
                    yield Goodbye()
                    return
                if is_over:
                    return
                if not await reading.wait(seen, max(0.0, next_ping - self._clock())):
                    next_ping = self._clock() + self._pace.ping_s
                    yield Ping()
                is_over, changes = reading.is_over, reading.after(seen)
                seen = reading.number

    @contextmanager
    def _reading(self, account_id: UUID, bulk_id: UUID | None) -> Generator[GroupReading]:
        """The shared reading of this group, or a new one. It ends with its last reader."""
        key = (account_id, bulk_id)
        reading, task = self._readings.get(key) or self._begin(account_id, bulk_id)
        self._readings[key] = reading, task
        reading.readers += 1
        try:
            yield reading
        finally:
            reading.readers -= 1
            if reading.readers == 0:
                del self._readings[key]
                task.cancel()

    def _begin(self, account_id: UUID, bulk_id: UUID | None) -> tuple[GroupReading, asyncio.Task[None]]:
        reading = GroupReading(
            account_id,
            bulk_id,
            groups=self._groups,
            bulks=self._bulks,
            feed=self._feed,
            pace=self._pace,
            encode=self._encode,
        )
        return reading, asyncio.create_task(reading.keep_reading(), name="read-group")
