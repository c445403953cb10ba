"""Publish the tick of one slot. Scheduler, CronJob and `oslira tick` may all do it for the same slot: owners run it once."""

from datetime import datetime
from typing import Final

from oslira_shared.contracts.jobs import JOBS
from oslira_shared.contracts.scheduler.v1 import Tick, tick_subject
from oslira_shared.errors import OsliraError
from oslira_shared.ids import derived_id

from oslira_scheduler.application.ports import Publisher
from oslira_scheduler.domain.cron import Cron

CRONS: Final = {job.name: Cron.parse(job.cron) for job in JOBS}


async def publish_tick(bus: Publisher, job: str, slot: datetime) -> Tick:
    """The tick as published. `slot` (aware) is rounded down to the job's schedule, so that callers mean the same slot.

    Raises OsliraError: not_found for an unknown job, unavailable without the bus.
    """
    if job not in CRONS:
        raise OsliraError("not_found", f"there is no job {job!r}; there are {', '.join(CRONS)}")
    on_grid = CRONS[job].latest(slot)
    name = f"{job}:{on_grid.isoformat()}"
    tick = Tick(event_id=derived_id("tick", name), job=job, slot=on_grid)
    await bus.publish(tick_subject(job), tick, msg_id=name)
    return tick
