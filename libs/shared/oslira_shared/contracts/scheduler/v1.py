"""Ticks, and the RPCs that run a job now. contracts/jobs.py lists the jobs."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime

from oslira_shared.contracts.base import Contract


def tick_subject(job: str) -> str:
    """The subject of a job's ticks."""
    return f"scheduler.tick.{job}"


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
