"""`scheduler.ticks_published`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from oslira_shared.postgres.clients import AdminClient

from oslira_scheduler.application.ports import Slot

# Longer than a publish may take, so that two replicas do not publish the same slot.
_LEASE_S: Final = 10.0

_LATEST: Final = "select job, max(slot) as slot from scheduler.ticks_published group by job"
_BEGIN: Final = """
    insert into scheduler.ticks_published (job, slot, state)
    select $1, $2, 'baseline' where not exists (select from scheduler.ticks_published where job = $1)
    on conflict do nothing
"""
_OWE: Final = """
    insert into scheduler.ticks_published (job, slot, state) values ($1, $2, 'due') on conflict do nothing
"""
_CLAIM: Final = """
    with mine as (
      select job, slot from scheduler.ticks_published
       where state = 'due' and (lease_until is null or lease_until <= now())
       order by slot, job
       limit $1
       for update skip locked
    )
    update scheduler.ticks_published t set lease_until = now() + make_interval(secs => $2)
      from mine where t.job = mine.job and t.slot = mine.slot
    returning t.job, t.slot
"""
_PUBLISHED: Final = """
    update scheduler.ticks_published set state = 'published', published_at = now(), lease_until = null
     where job = $1 and slot = $2 and state = 'due'
"""
# Older slots than this before a published one are deleted; the newest slot of a job always stays.
_FORGET: Final = """
    delete from scheduler.ticks_published where job = $1 and slot < $2::timestamptz - interval '90 days' and state <> 'due'
"""
_OWE_AGAIN: Final = """
    update scheduler.ticks_published t set state = 'due', published_at = null
     where state = 'published' and slot = (select max(l.slot) from scheduler.ticks_published l where l.job = t.job)
"""


class PostgresSlots:
    """Implements Slots."""

    def __init__(self, database: AdminClient) -> None:
        self._database = database

    async def now(self) -> datetime:
        async with self._database.connection() as connection:
            return await connection.fetchval("select now()")

    async def latest(self) -> dict[str, datetime]:
        async with self._database.connection() as connection:
            return {row["job"]: row["slot"] for row in await connection.fetch(_LATEST)}

    async def begin(self, slot: Slot) -> None:
        async with self._database.connection() as connection:
            await connection.execute(_BEGIN, slot.job, slot.at)

    async def enqueue(self, slots: Sequence[Slot]) -> None:
        async with self._database.connection() as connection:
            await connection.executemany(_OWE, [(slot.job, slot.at) for slot in slots])

    async def claim(self, *, limit: int) -> list[Slot]:
        async with self._database.connection() as connection:
            rows = await connection.fetch(_CLAIM, limit, _LEASE_S)
        return sorted((Slot(row["job"], row["slot"]) for row in rows), key=lambda slot: (slot.at, slot.job))

    async def published(self, slot: Slot) -> None:
        async with self._database.connection() as connection:
            await connection.execute(_PUBLISHED, slot.job, slot.at)
            await connection.execute(_FORGET, slot.job, slot.at)

    async def requeue_latest(self) -> None:
        async with self._database.connection() as connection:
            await connection.execute(_OWE_AGAIN)
