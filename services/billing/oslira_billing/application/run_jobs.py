"""A slot of a job has come: run it once, whoever says so and however often."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog

from oslira_billing.application.ports import Job, JobRuns

_LOG = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class RunJobs:
    """`jobs`: what we do, by name."""

    runs: JobRuns
    jobs: Mapping[str, Job]

    async def tick(self, job: str, slot: datetime) -> None:
        """Record the slot and start on it. A job that we don't do (yet) leaves no row, so its slot isn't taken for done."""
        if job not in self.jobs:
            _LOG.warning("job_not_ours", job=job, slot=slot.isoformat())
            return
        await self.runs.start(await self.runs.record(job, slot), self.jobs)

    async def sweep(self) -> None:
        """Take over what a crash left in mid-job; needs no bus."""
        for row_id in await self.runs.sweep():
            await self.runs.start(row_id, self.jobs)
