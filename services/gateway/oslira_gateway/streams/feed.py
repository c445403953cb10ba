"""Fan-out of progress in memory: one subscription feeds all open streams of the process."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Generator
from contextlib import contextmanager
from uuid import UUID

from oslira_shared.contracts.analysis.v1 import Progress


class Watch:
    """The newest snapshot for one stream. A slow reader skips steps, but always gets the last one."""

    def __init__(self) -> None:
        self._latest: Progress | None = None
        self._wake = asyncio.Event()

    def offer(self, progress: Progress) -> None:
        """Keep it if it is newer than the stored one."""
        if self._latest is None or progress.seq > self._latest.seq:
            self._latest = progress
            self._wake.set()

    def wake(self) -> None:
        """End the wait without a snapshot."""
        self._wake.set()

    async def next(self, timeout_s: float) -> Progress | None:
        """The newest snapshot since the last call, or None after the timeout."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._wake.wait()
        except TimeoutError:
            return None
        self._wake.clear()
        latest, self._latest = self._latest, None
        return latest


class GroupWatch:
    """The ids of changed runs, for a stream of many runs. The runs themselves are read from Postgres."""

    def __init__(self, belongs: Callable[[UUID], bool]) -> None:
        self._belongs = belongs
        self._changed: set[UUID] = set()
        self._wake = asyncio.Event()

    def offer(self, run_id: UUID) -> None:
        """Record that this run has changed, if it belongs to the group."""
        if self._belongs(run_id):
            self._changed.add(run_id)
            self._wake.set()

    def wake(self) -> None:
        """End the wait without a snapshot."""
        self._wake.set()

    async def next(self, timeout_s: float) -> set[UUID]:
        """The runs that changed since the last call; empty after the timeout."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._wake.wait()
        except TimeoutError:
            return set()
        self._wake.clear()
        changed, self._changed = self._changed, set()
        return changed


class ProgressFeed:
    """Open streams by run and by account."""

    def __init__(self) -> None:
        self._watches: defaultdict[UUID, set[Watch]] = defaultdict(set)
        self._groups: defaultdict[UUID, set[GroupWatch]] = defaultdict(set)
        self.is_closed = False

    def is_watched(self, run_id: UUID) -> bool:
        """Whether a stream of this process follows this run."""
        return run_id in self._watches or bool(self._groups)

    def publish(self, progress: Progress) -> None:
        """Pass a snapshot to all streams that follow its run."""
        for watch in self._watches.get(progress.run_id, ()):
            watch.offer(progress)
        for group in self._groups.get(progress.account_id, ()):
            group.offer(progress.run_id)

    @contextmanager
    def watch(self, run_id: UUID) -> Generator[Watch]:
        """Subscribe to this run's snapshots within the block."""
        watch = Watch()
        self._watches[run_id].add(watch)
        try:
            yield watch
        finally:
            self._watches[run_id].discard(watch)
            if not self._watches[run_id]:
                del self._watches[run_id]

    @contextmanager
    def watch_group(self, account_id: UUID, belongs: Callable[[UUID], bool]) -> Generator[GroupWatch]:
        """Subscribe, within the block, to changes of those runs of an account that belong to the group."""
        watch = GroupWatch(belongs)
        self._groups[account_id].add(watch)
        try:
            yield watch
        finally:
            self._groups[account_id].discard(watch)
            if not self._groups[account_id]:
                del self._groups[account_id]

    def close(self) -> None:
        """Shut down: all streams end and ask their readers to reconnect."""
        self.is_closed = True
        for groups in self._groups.values():
            for group in groups:
                group.wake()
        for watches in self._watches.values():
            for watch in watches:
                watch.wake()
