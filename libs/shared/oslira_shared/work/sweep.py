"""Rows past `due_at`. Crash recovery, retries, lost messages and a lost stream are all handled by this query."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from oslira_shared.postgres.clients import Connection
from oslira_shared.work.table import WorkTable

BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class DueRow:
    """A row that must be acted on. `is_exhausted`: it has no attempts left, so it must be marked failed."""

    row_id: UUID
    state: str
    attempt: int
    failures: int
    is_exhausted: bool


_NOTHING_WAITS: Final[Mapping[str, datetime]] = {}


async def sweep(
    connection: Connection,
    table: WorkTable,
    *,
    limit: int = BATCH,
    waiting_since: Mapping[str, datetime] = _NOTHING_WAITS,
) -> list[DueRow]:
    """Due rows, each with a new `due_at` from the same statement. One sweeper at a time; others get an empty list at once.

    `waiting_since`: by state, when the oldest hint that is not consumed yet was sent. Hints are consumed in order, so a row
    with a newer hint is left out: its hint is still queued, or is sent again when its turn would have come.

    Must run inside a transaction (the advisory lock is the transaction's). Publish the hints after it commits, with new
    message ids: the server drops a repeated id for two minutes.
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
             and not exists (
               select from unnest($3::text[], $4::timestamptz[]) as w(state, since)
                where w.state = {table.name}.state and {table.name}.due_at - make_interval(secs => $2::float8) >= w.since
             )
           order by greatest(due_at, lease_until)
           limit $1
           for update skip locked
        )
        update {table.name} t
           set due_at = now() + make_interval(secs => case when t.state = any($5::text[])
                 then least($6::float8, greatest($2, extract(epoch from now() - t.progressed_at)::float8 / 2)) else $2 end)
          from due where t.{table.id_column} = due.id
        returning t.{table.id_column} as id, t.state, t.attempt, t.failures
        """,
        limit,
        table.hint_every_s,
        list(waiting_since),
        list(waiting_since.values()),
        list(table.announced),
        table.announce_most_s,
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
