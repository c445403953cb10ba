"""Wires a service's jobs: ticks, manual triggers, recovery. Works with any number of replicas; a slot is run once."""

import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog

from oslira_shared.contracts.scheduler.v1 import JobState, RunJob, Tick, run_job_subject
from oslira_shared.errors import OsliraError
from oslira_shared.jobs.progress import Job, JobProgress
from oslira_shared.jobs.rows import JobRows
from oslira_shared.observability import metrics
from oslira_shared.observability.scrub import scrub_text
from oslira_shared.postgres.clients import AdminClient
from oslira_shared.runtime import Runtime
from oslira_shared.work import EXTEND_LEASES_EVERY_S, Claim, LeaseKeeper

_LOG = structlog.get_logger()
_FORGET_BATCH: Final = 1_000
_MEASURE_EVERY_S: Final = 30.0


class JobOwner:
    """Runs the slots of its jobs in this process, under leases."""

    def __init__(self, database: AdminClient, schema: str, jobs: Mapping[str, Job]) -> None:
        self.stop_grace_s = 5.0
        self.rows = JobRows(database, schema)
        self._jobs = jobs
        self._lease_keeper = LeaseKeeper(database, self.rows.table, capacity=4)
        self._started_at = time.time()
        self._progress: dict[UUID, tuple[Claim, JobProgress]] = {}

    async def tick(self, job: str, slot: datetime) -> UUID:
        """Record the slot and start it. Raises OsliraError `not_found` for another service's job, and writes no row."""
        if job not in self._jobs:
            raise OsliraError(
                "not_found", f"{job} is not a job of this service: {', '.join(sorted(self._jobs))}"
            )
        row_id = await self.rows.record(job, slot)
        await self._start(row_id)
        return row_id

    async def sweep(self) -> None:
        """Take over slots whose process crashed, and retry failed ones. Works without the bus."""
        for row_id in await self.rows.sweep():
            await self._start(row_id)

    async def extend_leases(self) -> None:
        """Extend the leases, and store the counts so far."""
        await self._lease_keeper.extend_leases()
        for held, progress in list(self._progress.values()):
            await self.rows.keep_counts(held, progress)

    async def measure(self) -> None:
        """Set the gauges; every replica exports the same values."""
        statuses = {status.job: status for status in await self.rows.statuses()}
        since = min((status.table_since for status in statuses.values()), default=self._started_at)
        for job in self._jobs:
            status = statuses.get(job)
            metrics.JOB_SLOTS_FAILED.labels(job).set(status.given_up if status else 0)
            if status is not None and status.last_done_at is not None:
                metrics.JOB_LAST_DONE.labels(job).set(status.last_done_at)
                with suppress(KeyError):  # it was done before
                    metrics.JOB_AWAITED_SINCE.remove(job)
            else:
                awaited_since = status.first_slot_at if status is not None else since
                metrics.JOB_AWAITED_SINCE.labels(job).set(awaited_since)

    async def stop(self) -> None:
        """Slots that do not finish in time are released: a restart counts no failure."""
        for held in await self._lease_keeper.stop(grace_s=self.stop_grace_s):
            await self.rows.release(held)

    async def _start(self, row_id: UUID) -> None:
        if self._lease_keeper.is_closed:
            return  # the sweep returns its row again, to another process
        held = await self.rows.claim(row_id)
        if held is not None:
            self._lease_keeper.start(held, self._run(held))

    async def _run(self, held: Claim) -> None:
        job: str = held.row["job"]
        slot: datetime = held.row["slot"]
        progress = JobProgress.carried_on(held.row["counts"])
        self._progress[held.row_id] = (held, progress)
        log = _LOG.bind(job=job, slot=slot.isoformat(), attempt=held.attempt)
        try:
            await self._jobs[job](slot, progress)
            reason = (
                f"{progress.failed} items failed: {'; '.join(progress.reasons)}" if progress.failed else None
            )
        except Exception as error:  # any error: the row stores it and the slot is retried
            log.exception("job_crashed")
            reason = f"{type(error).__name__}: {scrub_text(str(error))}"
        finally:
            del self._progress[held.row_id]
        if reason is not None:
            # Completed items stay done; the slot is retried for the rest.
            await self.rows.retry(held, progress, reason=reason)
            metrics.JOBS.labels(job, "retried").inc()
            log.warning("job_failed", reason=reason)
        elif await self.rows.finish(held, progress):
            metrics.JOBS.labels(job, "done").inc()
            log.info("job_done", **progress.as_counts())
            await self.rows.forget(limit=_FORGET_BATCH)


def own_jobs(runtime: Runtime, schema: str, jobs: Mapping[str, Job]) -> JobOwner:
    """Declare on `runtime` all that jobs need: the ticks' consumer, `<service>.rpc.run_job`, sweep, heartbeat and release."""
    owner = JobOwner(AdminClient(runtime.database), schema, jobs)
    bus, service = runtime.bus, runtime.settings.service

    @bus.consumer(f"{service}_ticks")
    async def on_tick(tick: Tick) -> None:
        try:
            await owner.tick(tick.job, tick.slot)
        except OsliraError as error:
            if error.code != "not_found":
                raise
            _LOG.warning("job_not_ours", job=tick.job, slot=tick.slot.isoformat())

    @bus.responder(run_job_subject(service))
    async def on_run_job(request: RunJob) -> JobState:
        found = await owner.rows.find(await owner.tick(request.job, request.slot))
        if found is None:
            raise OsliraError("internal", "the job's row was deleted")
        return JobState(
            job=found.job, slot=found.slot, state=found.state, counts=dict(found.counts), reason=found.reason
        )

    runtime.every(1, "sweep-jobs", owner.sweep)
    runtime.every(EXTEND_LEASES_EVERY_S, "extend-job-leases", owner.extend_leases)
    runtime.every(_MEASURE_EVERY_S, "measure-jobs", owner.measure)
    runtime.on_drain(owner.stop)
    return owner
