"""Free slots go to the next waiting tasks."""

import asyncio
from uuid import UUID

from oslira_analysis.application.ports import Announcer, Queue
from oslira_analysis.application.rows import Effects


async def promote_tasks(queue: Queue, announcer: Announcer) -> None:
    """Run after everything that frees a slot or adds a task, and with every sweep."""
    promoted = await queue.promote()
    await asyncio.gather(
        announcer.announce(Effects(hints=promoted.hints)), _tell(promoted.run_ids, queue, announcer)
    )


async def _tell(run_ids: list[UUID], queue: Queue, announcer: Announcer) -> None:
    """Whoever follows these runs; the work itself doesn't wait for that."""
    if run_ids:
        await announcer.announce(await queue.changed(run_ids))


async def announce_and_promote(effects: Effects, queue: Queue, announcer: Announcer) -> None:
    """At once: who was promoted doesn't wait until the world has heard of what made room for it."""
    await asyncio.gather(announcer.announce(effects), promote_tasks(queue, announcer))
