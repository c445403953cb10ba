"""Rows past `due_at`: crash recovery, retry, a lost message and a wiped broker are this one query."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from oslira_shared.postgres.clients import Connection
from oslira_shared.work.table import WorkTable

BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class DueRow:
    """A row somebody must act on. `is_exhausted`: its attempts are used up, so acting means failing it."""

    row_id: UUID
    state: str
    attempt: int
    failures: int
    is_exhausted: bool


async def sweep(connection: Connection, table: WorkTable, *, limit: int = BATCH) -> list[DueRow]:
    """Due rows, each given a new `due_at` in the same statement. One sweeper at a time; another gets an empty list at once.

    Must run inside a transaction (the advisory lock is the transaction's). Publish the hints after it commits, under fresh
    message ids: the server swallows an old one for two minutes.
    """
    if not await connection.fetchval(
        "select pg_try_advisory_xact_lock(hashtextextended($1, 0))", f"sweep:{table.name}"
    ):
        return []
    rows = await connection.fetch(
        f"""
        with due as (
          select {table.id_column} as id from {table.name}
           where due_at <= now() and (lease_until is null or lease_until <= now())
           order by greatest(due_at, lease_until)
           limit $1
           for update skip locked
        )
        update {table.name} t set due_at = now() + make_interval(secs => $2)
          from due where t.{table.id_column} = due.id
        returning t.{table.id_column} as id, t.state, t.attempt, t.failures
        """,
        limit,
        table.hint_every_s,
    )
    return [
        DueRow(
            row_id=row["id"],
            state=row["state"],
            attempt=row["attempt"],
            failures=row["failures"],
            is_exhausted=row["state"] in table.claimable and row["failures"] >= table.max_failures,
        )
        for row in rows
    ]
