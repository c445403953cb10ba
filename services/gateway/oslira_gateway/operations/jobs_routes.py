"""`POST /v1/admin/jobs/{job}`: run a job now, by a request to every service that has a part of it."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from litestar import Request, post
from litestar.params import FromPath, JSONBody
from oslira_shared.bus.connection import Bus
from oslira_shared.contracts.jobs import JOBS
from oslira_shared.contracts.scheduler.v1 import JobState, RunJob, run_job_subject
from oslira_shared.errors import OsliraError
from pydantic import AwareDatetime, BaseModel, ConfigDict

from oslira_gateway.operations.admin_app import operator_of
from oslira_gateway.operations.audit_log import AuditLog, recorded


class JobBody(BaseModel):
    """`slot`: the time to run the job for; now by default. A slot that was run is not run again."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    slot: AwareDatetime | None = None


@dataclass(frozen=True, slots=True)
class StartedJob:
    """`owners`: the slot's state with each service (`due`: running), or the code of its error."""

    job: str
    slot: datetime
    owners: dict[str, str]


class Jobs(Protocol):
    """The services that run jobs."""

    async def run(self, owner: str, job: str, slot: datetime) -> str:
        """The slot's state with this service. Raises OsliraError."""
        ...


class BusJobs:
    """Implements Jobs."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def run(self, owner: str, job: str, slot: datetime) -> str:
        answer = await self._bus.request(run_job_subject(owner), RunJob(job=job, slot=slot), JobState)
        return answer.state


def jobs_routes(jobs: Jobs, audit_log: AuditLog) -> list[Any]:
    """Manual triggers."""

    @post("/jobs/{job:str}", status_code=202)
    async def run_job(
        request: Request[Any, Any, Any], job: FromPath[str], data: JSONBody[JobBody]
    ) -> StartedJob:
        slot = data.slot or datetime.now(UTC).replace(microsecond=0)
        async with recorded(audit_log, operator_of(request), "run_job", job=job[:64], slot=slot.isoformat()):
            owners = _owners_of(job)
            states = await asyncio.gather(*(_state(jobs, owner, job, slot) for owner in owners))
            if all(state == "unavailable" for state in states):
                raise OsliraError("unavailable", "No owner of the job could be reached; nothing was started.")
        return StartedJob(job, slot, dict(zip(owners, states, strict=True)))

    return [run_job]


def _owners_of(job: str) -> tuple[str, ...]:
    for known in JOBS:
        if known.name == job:
            return known.owners
    raise OsliraError("not_found", f"There is no such job; there are {', '.join(j.name for j in JOBS)}.")


async def _state(jobs: Jobs, owner: str, job: str, slot: datetime) -> str:
    # A service that is unavailable runs its part at the next request: the slot is the same.
    try:
        return await jobs.run(owner, job, slot)
    except OsliraError as error:
        return error.code
