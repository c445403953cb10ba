"""A table of work rows, and what tests do with it."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from oslira_shared.ids import new_id
from oslira_shared.postgres.clients import Pool
from oslira_shared.work import WorkTable, claim, sweep, transition

TABLE: Final = WorkTable("jobs.jobs", claimable=frozenset({"todo", "doing"}), lease_s=5.0)
BRIEF: Final = WorkTable(
    "jobs.jobs", claimable=frozenset({"todo", "doing"}), lease_s=0.2, backoff_base_s=0.01
)
SCHEMA: Final = """
create schema jobs;
create table jobs.jobs (
  id uuid primary key, state text not null default 'todo', note text, finished_at timestamptz,
  attempt integer not null default 0, failures integer not null default 0, lease_until timestamptz, not_before timestamptz,
  due_at timestamptz, progressed_at timestamptz, seq bigint not null default 0
);
create index on jobs.jobs (due_at) where due_at is not null;
"""


async def add_rows(pool: Pool, count: int = 1, *, due_in_s: float = 0) -> list[UUID]:
    ids = [new_id() for _ in range(count)]
    await pool.executemany(
        "insert into jobs.jobs (id, due_at) values ($1, now() + make_interval(secs => $2))",
        [(row_id, due_in_s) for row_id in ids],
    )
    return ids


async def read_row(pool: Pool, row_id: UUID) -> dict[str, Any]:
    row = await pool.fetchrow("select * from jobs.jobs where id = $1", row_id)
    assert row is not None
    return dict(row)


async def claim_row(pool: Pool, row_id: UUID, table: WorkTable = TABLE) -> Any:
    async with pool.acquire() as connection:
        return await claim(connection, table, row_id)


async def move(pool: Pool, held: Any, to_state: str = "done") -> bool:
    async with pool.acquire() as connection:
        return await transition(connection, held, to_state=to_state, due_in_s=None) is not None


async def sweep_rows(pool: Pool, table: WorkTable = TABLE) -> Sequence[UUID]:
    async with pool.acquire() as connection, connection.transaction():
        return [row.row_id for row in await sweep(connection, table)]
