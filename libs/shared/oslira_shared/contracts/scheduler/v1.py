"""Jobs: one table of what runs when and who owns it; ticks and run_job RPCs derive from it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import AwareDatetime

from oslira_shared.contracts.base import Contract


@dataclass(frozen=True, slots=True)
class Job:
    """A job's cron expression (UTC, five fields) and the services that act on its tick."""

    name: str
    cron: str
    owners: tuple[str, ...]
    is_frequent: bool = False  # of slots missed during an outage only the newest is caught up


JOBS: Final = (
    Job("failed-analysis-cleanup", "0 * * * *", ("analysis",), is_frequent=True),
    Job("daily-cleanup", "0 2 * * *", ("gateway", "credits", "analysis", "billing")),
    Job("audit", "15 * * * *", ("credits",), is_frequent=True),
    Job("monthly-renewal", "0 3 1 * *", ("billing",)),
    Job("owed-credits", "30 3 * * *", ("billing",), is_frequent=True),
    Job("subscription-sync", "0 */6 * * *", ("billing",), is_frequent=True),
    Job("invoice-reconciliation", "0 4 * * *", ("billing",)),
    Job("stripe-reconciliation", "30 5 * * *", ("billing",)),
    Job("model-check", "0 5 * * *", ("analysis",)),
)


def tick_subject(job: str) -> str:
    """The subject of a job's ticks."""
    return f"scheduler.tick.{job}"


def jobs_of(owner: str) -> tuple[Job, ...]:
    """The jobs that a service acts on."""
    return tuple(job for job in JOBS if owner in job.owners)


class Tick(Contract):
    """A slot of a job is due. The unique row `job_runs(job, slot)` of each owner makes it run once."""

    event_id: UUID
    job: str
    slot: datetime


def run_job_subject(owner: str) -> str:
    """The subject for running a job now."""
    return f"{owner}.rpc.run_job"


class RunJob(Contract):
    """Run this slot of a job now; a slot that was run is not run again. An operator's time is a slot like any other."""

    job: str
    slot: AwareDatetime


class JobState(Contract):
    """The state of a slot: due (running, or waiting for a retry), done or failed; `counts` are its result."""

    job: str
    slot: datetime
    state: str
    counts: dict[str, Any]
    reason: str | None = None
