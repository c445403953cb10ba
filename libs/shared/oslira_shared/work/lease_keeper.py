"""The heartbeat: one loop and one statement for all rows of a process. Lease, fence and cancel are the same query."""

import asyncio
from collections.abc import Collection, Coroutine
from typing import Any, Final, TypeAlias
from uuid import UUID

import structlog

from oslira_shared.ending import end_all
from oslira_shared.errors import OsliraError
from oslira_shared.observability import metrics
from oslira_shared.postgres.clients import AdminClient, Connection
from oslira_shared.work.claim import Claim
from oslira_shared.work.table import WorkTable

_LOG = structlog.get_logger()
EXTEND_LEASES_EVERY_S: Final = 1.0


Key: TypeAlias = tuple[UUID, int]  # row id, attempt


async def extend_leases(connection: Connection, table: WorkTable, held: Collection[Key]) -> set[Key]:
    """Extend the leases of `held`; return those that are lost or cancelled.

    A locked row is skipped, which is safe: its lease lasts for many heartbeats. A row without a lease was released by its
    own transition: it is not lost, and must not be leased again, or its next claim would have to wait.
    """
    rows = await connection.fetch(
        f"""
        with held as (select * from unnest($1::uuid[], $2::int[]) as h(id, attempt)),
        mine as (
          select t.{table.id_column} as id from {table.name} t join held h
              on t.{table.id_column} = h.id and t.attempt = h.attempt
           where t.lease_until is not null
             for update of t skip locked
        ),
        extended as (
          update {table.name} t set lease_until = now() + make_interval(secs => $3)
            from mine where t.{table.id_column} = mine.id
        )
        select h.id, h.attempt from held h left join {table.name} t on t.{table.id_column} = h.id
         where t.attempt is distinct from h.attempt
        """,
        [row_id for row_id, _ in held],
        [attempt for _, attempt in held],
        table.lease_s,
    )
    return {(row["id"], row["attempt"]) for row in rows}


class LeaseKeeper:
    """Runs claimed work as tasks of this process, extends their leases, and cancels tasks that lost theirs.

    Two attempts of one row may run here for a moment: the older one, whose row is done, still publishes its events while
    a hint has already claimed the next.
    """

    def __init__(self, database: AdminClient, table: WorkTable, *, capacity: int) -> None:
        self._database = database
        self.table = table
        self.capacity = capacity
        self.is_closed = False
        self._held: dict[Key, tuple[Claim, asyncio.Task[None]]] = {}
        self._room = asyncio.Event()
        self._room.set()

    def start(self, held: Claim, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` under `held`. It handles its own errors; an error that escapes is logged, and the lease expires."""
        task = asyncio.create_task(work, name=f"{self.table.name}:{held.row_id}:{held.attempt}")
        self._held[held.row_id, held.attempt] = (held, task)
        task.add_done_callback(lambda done: self._forget(held, done))
        if len(self._held) >= self.capacity:
            self._room.clear()

    async def room(self) -> None:
        """Wait until this process has capacity: only then may a consumer pull.

        Raises OsliraError `unavailable` once it is closed: the message is for another process.
        """
        await self._room.wait()
        self.require_open()

    def require_open(self) -> None:
        """Raises OsliraError `unavailable` once it is closed."""
        if self.is_closed:
            raise OsliraError("unavailable", "this process is stopping")

    def close(self) -> None:
        """Accept no more work, and wake all callers that wait for capacity."""
        self.is_closed = True
        self._room.set()

    def holds(self, row_id: UUID) -> bool:
        """Whether a task of this process works on any attempt of this row.

        After an outage of Postgres the lease has expired, but the task still runs: don't claim the row a second time.
        """
        return any(held_id == row_id for held_id, _ in self._held)

    @property
    def load(self) -> int:
        """How many rows this process works on."""
        return len(self._held)

    async def extend_leases(self) -> None:
        """Extend all leases once; cancel the tasks of rows that this process lost."""
        metrics.WORK_HELD.labels(self.table.name).set(len(self._held))
        if not self._held:
            return
        async with self._database.connection() as connection:
            lost = await extend_leases(connection, self.table, list(self._held))
        for key in lost:
            if (found := self._held.get(key)) is not None:
                _LOG.info("lease_lost", table=self.table.name, row_id=str(key[0]), attempt=key[1])
                found[1].cancel()

    async def stop(self, *, grace_s: float) -> list[Claim]:
        """Let the work finish for `grace_s`, then cancel the rest and return their claims, to be released.

        Call `extend_leases` in the meantime: after an expired lease another process would do the same work.
        """
        self.close()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + grace_s
        # A claim may have been in progress when we closed: repeat until nothing is left.
        while self._held and (left_s := deadline - loop.time()) > 0:
            await asyncio.wait([task for _, task in self._held.values()], timeout=left_s)
        unfinished = {task: claim for claim, task in self._held.values()}
        await end_all(list(unfinished))
        return list(unfinished.values())

    def _forget(self, held: Claim, task: asyncio.Task[None]) -> None:
        self._held.pop((held.row_id, held.attempt), None)
        if len(self._held) < self.capacity:
            self._room.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            _LOG.error("work_failed", table=self.table.name, row_id=str(held.row_id), exc_info=error)
