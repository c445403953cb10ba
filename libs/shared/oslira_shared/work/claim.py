"""Claim a row, and change its state: both compare-and-set, so that the first commit wins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from oslira_shared.postgres.clients import Connection, Record
from oslira_shared.work.table import WorkTable


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to work on one attempt of one row, until the lease expires or the row changes."""

    table: WorkTable
    row_id: UUID
    state: str
    attempt: int
    failures: int
    row: Record

    @property
    def claimed_at(self) -> datetime:
        """By Postgres's clock."""
        return self.row["lease_until"] - timedelta(seconds=self.table.lease_s)

    def age_s(self, column: str) -> float:
        """Seconds from this timestamp of the row to the claim; 0 if it is null."""
        moment = self.row[column]
        return 0.0 if moment is None else max(0.0, (self.claimed_at - moment).total_seconds())


async def claim(connection: Connection, table: WorkTable, row_id: UUID) -> Claim | None:
    """Claim the row if its state, lease, delay and failures allow it; None: another worker has it, or it is done.

    The attempt is counted here, before the work starts, so that a crash counts too.
    """
    row = await connection.fetchrow(
        f"""
        update {table.name}
           set attempt = attempt + 1, failures = failures + 1,
               lease_until = now() + make_interval(secs => $3)
         where {table.id_column} = $1 and state = any($2::text[])
           and (lease_until is null or lease_until <= now())
           and (not_before is null or not_before <= now())
           and failures < $4
        returning *
        """,
        row_id,
        list(table.claimable),
        table.lease_s,
        table.max_failures,
    )
    if row is None:
        return None
    return Claim(table, row_id, row["state"], row["attempt"], row["failures"], row)


async def transition(
    connection: Connection,
    held: Claim,
    *,
    to_state: str,
    due_in_s: float | None,
    values: Mapping[str, Any] | None = None,
    stamps: Sequence[str] = (),
    keeps_lease: bool = False,
    is_progress: bool = True,
) -> Record | None:
    """Change `held.state` to `to_state`, with its effects in the caller's transaction; None: the claim is lost.

    `due_in_s` is when the sweep must send the hint again (None: another row is responsible). `values` are further columns,
    `stamps` columns that become now(), by Postgres's clock.
    `keeps_lease`: the same worker continues under the same attempt, with `moved(held, row)`.
    `is_progress` resets the failures. It must be False where the row can return to `held.state`: otherwise a row that
    loops never uses up its attempts.
    """
    columns = dict(values or {})
    assignments = "".join(f", {name} = ${number}" for number, name in enumerate(columns, start=6))
    assignments += "".join(f", {name} = now()" for name in stamps)
    lease = f"now() + make_interval(secs => {held.table.lease_s:f})" if keeps_lease else "null"
    return await connection.fetchrow(
        f"""
        update {held.table.name}
           set state = $4, failures = {"0" if is_progress else "failures"}, lease_until = {lease}, not_before = null,
               seq = seq + 1, progressed_at = now(),
               due_at = now() + make_interval(secs => $5::float8){assignments}
         where {held.table.id_column} = $1 and state = $2 and attempt = $3
        returning *
        """,
        held.row_id,
        held.state,
        held.attempt,
        to_state,
        due_in_s,
        *columns.values(),
    )


def moved(held: Claim, row: Record) -> Claim:
    """The claim after a transition that kept its lease and returned `row`."""
    return replace(held, state=row["state"], failures=row["failures"], row=row)


async def release(
    connection: Connection,
    held: Claim,
    *,
    is_counted: bool,
    delay_s: float | None = None,
    to_state: str | None = None,
    values: Mapping[str, Any] | None = None,
) -> bool:
    """Release the row, so that another attempt can claim it.

    A failure is counted only if the work itself failed (`is_counted`), not after a restart, a cancel or an outage of the bus.
    Counted failures wait: `delay_s`, or a backoff from the failures so far. `to_state`: another state to wait in; such a row
    is not due, so the code that resumes it must check `not_before`.
    """
    if delay_s is None:
        delay_s = backoff_s(held.table, held.failures) if is_counted else 0.0
    row = await _release(
        connection, held, forgiven=0 if is_counted else 1, delay_s=delay_s, to_state=to_state, values=values
    )
    return row is not None


async def snooze(
    connection: Connection,
    held: Claim,
    *,
    delay_s: float,
    to_state: str | None = None,
    values: Mapping[str, Any] | None = None,
) -> Record | None:
    """Postpone the row because a supplier cannot serve it now: no failure is counted. None: the claim is lost.

    Needs a column `snoozed_since`, which keeps the first snooze of a series. Code that makes progress sets it to null; code
    that limits how long a row may be postponed reads it. `to_state`: as for release.
    """
    return await _release(
        connection,
        held,
        forgiven=1,
        delay_s=delay_s,
        to_state=to_state,
        values=values,
        also=", snoozed_since = coalesce(snoozed_since, now())",
    )


async def _release(  # the statement of both
    connection: Connection,
    held: Claim,
    *,
    forgiven: int,
    delay_s: float,
    to_state: str | None,
    values: Mapping[str, Any] | None,
    also: str = "",
) -> Record | None:
    columns = dict(values or {})
    assignments = "".join(f", {name} = ${number}" for number, name in enumerate(columns, start=7))
    due_at = "null" if to_state else "now() + make_interval(secs => $6::float8)"
    seq = "seq + 1" if to_state else "seq"
    return await connection.fetchrow(
        f"""
        update {held.table.name}
           set state = $4, failures = greatest(0, failures - $5::int), lease_until = null, seq = {seq},
               not_before = now() + make_interval(secs => $6::float8), due_at = {due_at}{assignments}{also}
         where {held.table.id_column} = $1 and state = $2 and attempt = $3
        returning *
        """,
        held.row_id,
        held.state,
        held.attempt,
        to_state or held.state,
        forgiven,
        delay_s,
        *columns.values(),
    )


def backoff_s(table: WorkTable, failures: int) -> float:
    """Seconds to wait after this many failures: doubles up to a limit."""
    return min(table.backoff_most_s, table.backoff_base_s * 2.0 ** max(0, failures - 1))
