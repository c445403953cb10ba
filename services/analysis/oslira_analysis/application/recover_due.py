"""The sweep: crash recovery, retry, a lost message and a wiped broker."""

from oslira_analysis.application.ports import Announcer, Queue
from oslira_analysis.application.promote_tasks import promote_tasks


async def recover_due(queue: Queue, announcer: Announcer) -> None:
    """Announce what is due again, under fresh message ids, and promote."""
    await announcer.announce(await queue.due(), is_repeat=True)
    await promote_tasks(queue, announcer)
