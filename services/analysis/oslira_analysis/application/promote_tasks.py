"""Free slots go to the next waiting tasks."""

from oslira_analysis.application.ports import Announcer, Queue


async def promote_tasks(queue: Queue, announcer: Announcer) -> None:
    """Run after everything that frees a slot or adds a task, and with every sweep."""
    await announcer.announce(await queue.promote())
