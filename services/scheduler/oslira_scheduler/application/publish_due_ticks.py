"""Record the slots that are due, then publish those that are not published yet."""

from dataclasses import dataclass
from typing import Final

import structlog
from oslira_shared.contracts.jobs import JOBS
from oslira_shared.errors import OsliraError

from oslira_scheduler.application.ports import Publisher, Slot, Slots
from oslira_scheduler.application.publish_tick import CRONS, publish_tick
from oslira_scheduler.domain.due import due_slots
from oslira_scheduler.metrics import TICKS

_LOG = structlog.get_logger()
_BATCH: Final = 20


@dataclass(frozen=True, slots=True)
class PublishDueTicks:
    """One pass; any number of replicas may run at the same time."""

    slots: Slots
    bus: Publisher

    async def __call__(self) -> None:
        """Without the bus the slots stay due."""
        await self._record()
        for slot in await self.slots.claim(limit=_BATCH):
            try:
                await publish_tick(self.bus, slot.job, slot.at)
            except OsliraError as error:
                TICKS.labels(slot.job, "failed").inc()
                _LOG.warning("tick_not_published", job=slot.job, slot=slot.at.isoformat(), reason=str(error))
                return  # claimed slots are due again once their leases expire
            await self.slots.published(slot)
            TICKS.labels(slot.job, "published").inc()
            _LOG.info("tick_published", job=slot.job, slot=slot.at.isoformat())

    async def _record(self) -> None:
        now, latest = await self.slots.now(), await self.slots.latest()
        for job in JOBS:
            cron = CRONS[job.name]
            if job.name not in latest:
                await self.slots.begin(Slot(job.name, cron.latest(now)))
                continue
            due = due_slots(cron, after=latest[job.name], until=now, newest_only=job.is_frequent)
            if due:
                await self.slots.enqueue([Slot(job.name, at) for at in due])
