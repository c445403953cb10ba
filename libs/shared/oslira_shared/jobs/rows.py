"""`<schema>.job_runs` in Postgres: one row per slot, a row of work."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from oslira_shared.ids import derived_id
from oslira_shared.jobs.progress import JobProgress
from oslira_shared.postgres.clients import AdminClient
from oslira_shared.work import Claim, WorkTable, claim, release, sweep, transition


@dataclass(frozen=True, slots=True)
class JobRun:
    """A slot and its status: `state` is due, done or failed."""

    job: str
    slot: datetime
    state: str
    attempt: int
    counts: Mapping[str, Any]
    reason: str | None


@dataclass(frozen=True, slots=True)
class JobStatus:
    """`last_done_at`: the newest slot that is done, as a Unix time. `given_up`: slots of the last 7 days that ended failed.

    `first_slot_at`: its oldest slot; `table_since`: when the first slot of any job was recorded here.
    """

    job: str
    last_done_at: float | None
    given_up: int
    first_slot_at: float
    table_since: float


class JobRows:
    """Every method is one transaction."""

    def __init__(self, database: AdminClient, schema: str) -> None:
        self._database = database
        # 10 s, 20 s … 600 s: a slot survives an outage of half an hour of what its job needs.
        self.table = WorkTable(
            name=f"{schema}.job_runs",
            claimable=frozenset({"due"}),
            max_failures=10,
            backoff_base_s=10.0,
            backoff_most_s=600.0,
        )

    async def record(self, job: str, slot: datetime) -> UUID:
        """Record a slot; an existing one is unchanged. Returns the row's id."""
        row_id = derived_id("job", job, slot.isoformat())
        async with self._database.connection() as connection:
            await connection.execute(
                f"""
                insert into {self.table.name} (id, job, slot, state, due_at) values ($1, $2, $3, 'due', now())
                on conflict do nothing
                """,
                row_id,
                job,
                slot,
            )
        return row_id

    async def find(self, row_id: UUID) -> JobRun | None:
        """The slot's status."""
        names = ", ".join(field.name for field in dataclasses.fields(JobRun))
        async with self._database.connection() as connection:
            row = await connection.fetchrow(f"select {names} from {self.table.name} where id = $1", row_id)
        return None if row is None else JobRun(**dict(row))

    async def claim(self, row_id: UUID) -> Claim | None:
        """None: another process has it, or it is done, or it is not due yet."""
        async with self._database.connection() as connection:
            return await claim(connection, self.table, row_id)

    async def sweep(self) -> list[UUID]:
        """Slots that are due: after a crash or a failure. Slots without attempts left become `failed` here."""
        async with self._database.transaction() as connection:
            rows = await sweep(connection, self.table)
            used_up = [row.row_id for row in rows if row.is_exhausted]
            if used_up:
                await connection.execute(
                    f"""
                    update {self.table.name} set state = 'failed', due_at = null,
                           reason = coalesce(reason, 'attempts_used_up')
                     where id = any($1::uuid[]) and state = 'due' and failures >= $2
                    """,
                    used_up,
                    self.table.max_failures,
                )
        return [row.row_id for row in rows if not row.is_exhausted]

    async def keep_counts(self, held: Claim, progress: JobProgress) -> None:
        """Stored so that a crash does not lose the counts."""
        async with self._database.connection() as connection:
            await connection.execute(
                f"update {self.table.name} set counts = $3, progressed_at = now() where id = $1 and attempt = $2",
                held.row_id,
                held.attempt,
                progress.as_counts(),
            )

    async def statuses(self) -> list[JobStatus]:
        """The status of each job that has a slot, for the metrics."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                f"""
                select job, extract(epoch from max(slot) filter (where state = 'done'))::float8 as last_done_at,
                       count(*) filter (where state = 'failed' and slot > now() - interval '7 days') as given_up,
                       extract(epoch from min(slot))::float8 as first_slot_at,
                       extract(epoch from (select min(created_at) from {self.table.name}))::float8 as table_since
                  from {self.table.name} group by job
                """
            )
        return [JobStatus(**dict(row)) for row in rows]

    async def finish(self, held: Claim, progress: JobProgress) -> bool:
        """Mark it done. False: another process has the row now."""
        async with self._database.connection() as connection:
            row = await transition(
                connection,
                held,
                to_state="done",
                due_in_s=None,
                values={"counts": progress.as_counts(), "reason": None},
            )
        return row is not None

    async def retry(self, held: Claim, progress: JobProgress, *, reason: str) -> None:
        """Retry after a backoff; after the last failure the sweep ends the slot."""
        async with self._database.connection() as connection:
            values = {"counts": progress.as_counts(), "reason": reason[:500]}
            await release(connection, held, is_counted=True, values=values)

    async def release(self, held: Claim) -> None:
        """At shutdown: no failure is counted, and another process may claim it at once."""
        async with self._database.connection() as connection:
            await release(connection, held, is_counted=False)

    async def forget(self, *, limit: int) -> int:
        """Delete a batch of slots that are over 90 days old; returns how many."""
        async with self._database.transaction() as connection:
            status = await connection.execute(
                f"""
                delete from {self.table.name} where id in (
                  select id from {self.table.name} where state <> 'due' and created_at < now() - interval '90 days'
                   limit $1 for update skip locked)
                """,
                limit,
            )
        return int(status.removeprefix("DELETE "))
