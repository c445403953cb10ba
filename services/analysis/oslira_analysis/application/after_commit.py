"""What follows a commit: messages go out, free slots go to the next waiting tasks, and bulks whose last run ended are closed.

All of it may be lost in a crash: the rows say what is due, and the sweep does it again.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol
from uuid import UUID

import structlog
from oslira_shared.contracts.analysis.v1 import ENDED

from oslira_analysis.application.bulk_ports import BulkChanges, BulkNews, Bulks
from oslira_analysis.application.ports import Announcer, Queue
from oslira_analysis.application.rows import Effects, Hint

_LOG = structlog.get_logger()


class LocalWork(Protocol):
    """Rows that this process claims itself, without a message."""

    def start(self, hints: Sequence[Hint]) -> list[Hint]:
        """Claim those that there is room for here; the others, to be published."""
        ...


@dataclass(frozen=True, slots=True)
class AfterCommit:
    """The only object that publishes and promotes. Whoever ends runs publishes that here, so no end can forget its bulk."""

    queue: Queue
    announcer: Announcer
    local: LocalWork
    bulks: Bulks
    bulk_news: BulkNews

    async def publish(self, effects: Effects, *, is_repeat: bool = False) -> None:
        """What was committed. `is_repeat`: the sweep found it due again; it goes over the bus, to whichever process can do it."""
        if is_repeat:
            await self.announcer.announce(effects, is_repeat=True)
            return
        await self.announcer.announce(replace(effects, hints=self.local.start(effects.hints)))
        ended = [row["id"] for row in effects.runs if row["state"] in ENDED and row["settled_at"] is None]
        if not ended:
            return
        try:
            changes = await self.bulks.close_listing(ended)
        except Exception:  # noqa: BLE001  # the runs have ended and are published: the sweep closes the bulk
            _LOG.exception("bulk_not_closed")
            return
        await self.publish_bulks(changes)

    async def publish_bulks(self, changes: BulkChanges, *, is_repeat: bool = False) -> None:
        """Bulks that have ended, and runs that were ended with them."""
        for bulk in changes.ended:
            await self.bulk_news.ended(bulk, is_repeat=is_repeat)
        if changes.effects.hints or changes.effects.runs:
            await self.publish(changes.effects)

    async def promote(self) -> None:
        """Free slots go to the next waiting tasks: after everything that frees a slot or adds a task, and with every sweep."""
        promoted = await self.queue.promote()
        hints = self.publish(Effects(hints=promoted.hints))
        if not promoted.run_ids:
            await hints
            return
        # Progress is for whoever follows these runs; the work itself doesn't wait for it.
        await asyncio.gather(hints, self._publish_progress(promoted.run_ids))

    async def publish_and_promote(self, effects: Effects) -> None:
        """At once: who is promoted doesn't wait until what made room for it is published."""
        await asyncio.gather(self.publish(effects), self.promote())

    async def _publish_progress(self, run_ids: list[UUID]) -> None:
        await self.publish(await self.queue.changed(run_ids))
