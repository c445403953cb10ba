"""The heartbeat: one loop and one statement for all that a process holds. Lease, fence and cancel are the same look-up."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final
from uuid import UUID

import structlog

from oslira_shared.postgres.clients import AdminClient, Connection
from oslira_shared.work.claim import Claim
from oslira_shared.work.table import WorkTable

_LOG = structlog.get_logger()
BEAT_EVERY_S: Final = 1.0


async def beat(connection: Connection, table: WorkTable, held: dict[UUID, int]) -> set[UUID]:
    """Extend the leases of `held` (row id → attempt); return the ids that are lost or cancelled.

    A row that somebody has locked is skipped, which loses nothing: its lease outlasts many beats.
    """
    rows = await connection.fetch(
        f"""
        with held as (select * from unnest($1::uuid[], $2::int[]) as h(id, attempt)),
        mine as (
          select t.{table.id_column} as id from {table.name} t join held h
              on t.{table.id_column} = h.id and t.attempt = h.attempt
           where t.cancel_requested_at is null and t.state = any($4::text[])
             for update of t skip locked
        ),
        extended as (
          update {table.name} t set lease_until = now() + make_interval(secs => $3)
            from mine where t.{table.id_column} = mine.id
        )
        select h.id from held h left join {table.name} t on t.{table.id_column} = h.id
         where t.attempt is distinct from h.attempt or t.cancel_requested_at is not null
            or not (t.state = any($4::text[]))
        """,
        list(held),
        list(held.values()),
        table.lease_s,
        list(table.claimable),
    )
    return {row["id"] for row in rows}


class Heart:
    """Runs claimed work as tasks of this process, keeps their leases, and cancels those that were taken away."""

    def __init__(self, database: AdminClient, table: WorkTable, *, capacity: int) -> None:
        self._database = database
        self.table = table
        self._capacity = capacity
        self._held: dict[UUID, tuple[Claim, asyncio.Task[None]]] = {}
        self._room = asyncio.Event()
        self._room.set()

    def start(self, held: Claim, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` under `held`. Its errors are its own to handle; one that escapes is logged, and the lease lapses."""
        previous = self._held.get(held.row_id)
        if previous is not None:  # a newer attempt of the same row: the older one is fenced already
            previous[1].cancel()
        task = asyncio.create_task(work, name=f"{self.table.name}:{held.row_id}:{held.attempt}")
        self._held[held.row_id] = (held, task)
        task.add_done_callback(lambda done: self._forget(held, done))
        if len(self._held) >= self._capacity:
            self._room.clear()

    async def room(self) -> None:
        """Wait until this process can take more: only then should it pull."""
        await self._room.wait()

    @property
    def load(self) -> int:
        """How many rows this process works on."""
        return len(self._held)

    async def beat_once(self) -> None:
        """One beat: extend all leases, cancel the tasks of rows that are no longer ours."""
        if not self._held:
            return
        held = {row_id: claim.attempt for row_id, (claim, _) in self._held.items()}
        async with self._database.connection() as connection:
            lost = await beat(connection, self.table, held)
        for row_id in lost:
            claim, task = self._held.get(row_id, (None, None))
            if claim is not None and task is not None and claim.attempt == held[row_id]:
                _LOG.info("work_taken_away", table=self.table.name, row_id=str(row_id), attempt=claim.attempt)
                task.cancel()

    async def stop(self, *, grace_s: float) -> list[Claim]:
        """Let the work finish for `grace_s`, then cancel the rest and return their claims, to be handed back."""
        tasks = {task: claim for claim, task in self._held.values()}
        if not tasks:
            return []
        _, unfinished = await asyncio.wait(tasks, timeout=grace_s)
        for task in unfinished:
            task.cancel()
        await asyncio.gather(*unfinished, return_exceptions=True)
        return [tasks[task] for task in unfinished]

    def _forget(self, held: Claim, task: asyncio.Task[None]) -> None:
        current = self._held.get(held.row_id)
        if current is not None and current[0].attempt == held.attempt:
            del self._held[held.row_id]
        if len(self._held) < self._capacity:
            self._room.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            _LOG.error("work_failed", table=self.table.name, row_id=str(held.row_id), exc_info=error)
