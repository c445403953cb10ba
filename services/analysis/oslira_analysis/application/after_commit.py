"""After a commit: publish messages, promote waiting tasks into free slots, and close bulks whose last run ended.

A crash may lose all of this: the rows record what is due, and the sweep repeats it.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol
from uuid import UUID

import structlog
from oslira_shared.coalesced import Coalesced
from oslira_shared.contracts.analysis.v1 import ENDED

from oslira_analysis.application.bulk_ports import BulkChanges, BulkEvents, Bulks
from oslira_analysis.application.ports import Announcer, Promoted, Queue
from oslira_analysis.application.rows import Effects, Hint

_LOG = structlog.get_logger()


class LocalWork(Protocol):
    """Rows that this process claims itself, without a message."""

    def start(self, hints: Sequence[Hint]) -> list[Hint]:
        """Claim the rows that this process has capacity for. Returns the others, to be published."""
        ...


@dataclass(slots=True)
class AfterCommit:
    """The only object that publishes and promotes. All ends of runs pass through it, so each one checks its bulks."""

    queue: Queue
    announcer: Announcer
    local: LocalWork
    bulks: Bulks
    bulk_events: BulkEvents
    _promotion: Coalesced[Promoted] = field(init=False)

    def __post_init__(self) -> None:
        self._promotion = Coalesced(self.queue.promote, self._publish_promoted, name="promote")

    async def repeat(self, effects: Effects) -> Effects:
        """Publish what the sweep found due, to any process. Returns what the bus could not store.

        This process claims those rows itself, as far as it has capacity: a bus that cannot store must not stop work.
        """
        unsent = await self.announcer.announce(effects, is_repeat=True)
        self.local.start(unsent.hints)
        return unsent

    async def publish(self, effects: Effects) -> None:
        """Publish what was committed."""
        await self.announcer.announce(replace(effects, hints=self.local.start(effects.hints)))
        ended = [row["id"] for row in effects.runs if row["state"] in ENDED and row["settled_at"] is None]
        if not ended:
            return
        try:
            changes = await self.bulks.close_listing(ended)
        except Exception:  # noqa: BLE001  # the runs have ended and are published; the sweep closes the bulk
            _LOG.exception("bulk_not_closed")
            return
        await self.publish_bulks(changes)

    async def publish_bulks(self, changes: BulkChanges, *, is_repeat: bool = False) -> list[UUID]:
        """Publish bulks that have ended, and the runs that ended with them. Returns the bulks that the bus did not store."""
        unsent = [
            bulk.bulk_id
            for bulk in changes.ended
            if not await self.bulk_events.ended(bulk, is_repeat=is_repeat)
        ]
        if changes.effects.hints or changes.effects.runs:
            await self.publish(changes.effects)
        return unsent

    async def promote(self) -> None:
        """Promote waiting tasks into free slots. Called after every change that frees a slot or adds a task, and by every sweep.

        Promotions of all processes wait for each other, and one serves every change before it, so callers share them.
        """
        await self._promotion()

    async def _publish_promoted(self, promoted: Promoted) -> None:
        hints = self.publish(Effects(hints=promoted.hints))
        if not promoted.run_ids:
            await hints
            return
        # Progress is for clients that follow these runs; the work does not wait for it.
        await asyncio.gather(hints, self._publish_progress(promoted.run_ids))

    async def publish_and_promote(self, effects: Effects) -> None:
        """Concurrently: a promoted task does not wait for the publication."""
        await asyncio.gather(self.publish(effects), self.promote())

    async def _publish_progress(self, run_ids: list[UUID]) -> None:
        await self.publish(await self.queue.changed(run_ids))
