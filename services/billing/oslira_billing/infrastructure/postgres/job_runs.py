"""`billing.job_runs`: slots of jobs, as rows of work that run in this process under a lease."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog
from oslira_shared.ids import derived_id
from oslira_shared.postgres.clients import AdminClient
from oslira_shared.work import Claim, Heart, WorkTable, claim, hand_back, sweep, transition

from oslira_billing.application.ports import Job

_LOG = structlog.get_logger()
JOB_RUNS: Final = WorkTable(name="billing.job_runs", claimable=frozenset({"due"}))
_RECORD: Final = """
    insert into billing.job_runs (id, job, slot, state, due_at) values ($1, $2, $3, 'due', now()) on conflict do nothing
"""
_FAIL: Final = """
    update billing.job_runs set state = 'failed', due_at = null, reason = coalesce(reason, 'attempts_used_up')
     where id = any($1::uuid[]) and state = 'due' and failures >= $2
"""


class PostgresJobRuns:
    """Implements JobRuns."""

    def __init__(self, database: AdminClient) -> None:
        self._database = database
        self.heart = Heart(database, JOB_RUNS, capacity=4)

    async def record(self, job: str, slot: datetime) -> UUID:
        row_id = derived_id("job", job, slot.isoformat())
        async with self._database.connection() as connection:
            await connection.execute(_RECORD, row_id, job, slot)
        return row_id

    async def start(self, row_id: UUID, work: Mapping[str, Job]) -> None:
        async with self._database.connection() as connection:
            held = await claim(connection, JOB_RUNS, row_id)
        if held is not None:
            self.heart.start(held, self._run(held, work[held.row["job"]]))

    async def sweep(self) -> list[UUID]:
        async with self._database.transaction() as connection:
            rows = await sweep(connection, JOB_RUNS)
            used_up = [row.row_id for row in rows if row.is_exhausted]
            if used_up:
                await connection.execute(_FAIL, used_up, JOB_RUNS.max_failures)
        return [row.row_id for row in rows if not row.is_exhausted]

    async def stop(self) -> None:
        """What doesn't finish in time is handed back: a restart fails no job."""
        for held in await self.heart.stop(grace_s=5.0):
            async with self._database.connection() as connection:
                await hand_back(connection, held, is_counted=False)

    async def _run(self, held: Claim, work: Job) -> None:
        job, slot = held.row["job"], held.row["slot"].isoformat()
        try:
            counts = await work()
        except Exception as error:  # noqa: BLE001  # whatever it was, the row keeps it and tries again
            _LOG.error("job_failed", job=job, slot=slot, exc_info=error)
            async with self._database.connection() as connection:
                reason = f"{type(error).__name__}: {error}"[:500]
                await hand_back(connection, held, is_counted=True, values={"reason": reason})
            return
        async with self._database.connection() as connection:
            await transition(
                connection, held, to_state="done", due_in_s=None, values={"counts": dict(counts)}
            )
        _LOG.info("job_done", job=job, slot=slot, **counts)
