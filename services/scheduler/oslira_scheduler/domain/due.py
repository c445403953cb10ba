"""Which slots of a job are due since the last recorded one."""

from datetime import datetime, timedelta
from typing import Final

from oslira_scheduler.domain.cron import Cron

# A scheduler that was down for years makes no more than this due.
MOST_SLOTS: Final = 100


def due_slots(cron: Cron, *, after: datetime, until: datetime, newest_only: bool) -> list[datetime]:
    """The slots in (after, until], oldest first; of a frequent job only the newest."""
    slots: list[datetime] = []
    slot = cron.latest(until)
    while slot > after and len(slots) < (1 if newest_only else MOST_SLOTS):
        slots.append(slot)
        slot = cron.latest(slot - timedelta(microseconds=1))
    return slots[::-1]
