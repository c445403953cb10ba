"""Claim a row, and leave its state again: both compare-and-set, so whatever commits first wins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from oslira_shared.postgres.clients import Connection, Record
from oslira_shared.work.table import WorkTable


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to work on one attempt of one row, until the lease lapses or somebody takes it away."""

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
        """Seconds from this moment of the row to the claim; 0 where there is none."""
        moment = self.row[column]
        return 0.0 if moment is None else max(0.0, (self.claimed_at - moment).total_seconds())


async def claim(connection: Connection, table: WorkTable, row_id: UUID) -> Claim | None:
    """Take the row if its state, lease, delay and failures allow it; None means somebody has it or it is done.

    The attempt is counted here, before the work starts, so a crash is counted too.
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
    """Leave `held.state` for `to_state`, with its effects in the caller's transaction; None: the claim is no longer ours.

    `due_in_s` is when the sweep must act if nobody has (None: another row is responsible). `values` are further columns,
    `stamps` those that become now(), by Postgres's clock.
    `keeps_lease`: the same worker goes on under the same attempt; continue with `moved(held, row)`.
    `is_progress` forgives the failures so far. It must be False where the row can come back to `held.state`: otherwise a
    row that goes in a circle never uses up its attempts.
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
    """Give the row back, so that another attempt can take it.

    A failure is counted only if the work itself failed (`is_counted`): a restart, a cancel or a broker outage fails nobody.
    Counted ones wait: `delay_s`, or backoff from the failures so far. `to_state`: the state to wait in, where it isn't the
    one that the row is in; such a row is not due, so whoever wakes it must look at `not_before`.
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
    """Put the row off because a supplier can't serve it now: no failure is counted. None: the claim is no longer ours.

    Needs a column `snoozed_since`, which keeps the first snooze of a series. Whoever makes progress sets it to null, and
    whoever limits how long a row may be put off reads it. `to_state`: as for release.
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


async def _release(  # what both ways of giving back differ in
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
    """Seconds to wait after this many failures: doubling, bounded."""
    return min(table.backoff_most_s, table.backoff_base_s * 2.0 ** max(0, failures - 1))
