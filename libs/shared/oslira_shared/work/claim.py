"""Claim a row, and leave its state again: both compare-and-set, so whatever commits first wins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
           and cancel_requested_at is null and failures < $4
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
) -> Record | None:
    """Leave `held.state` for `to_state`, with its effects in the caller's transaction; None: the claim is no longer ours.

    `due_in_s` is when the sweep must act if nobody has (None: another row is responsible). `values` are further columns,
    `stamps` those that become now(), by Postgres's clock.
    `keeps_lease`: the same worker goes on under the same attempt; continue with `moved(held, to_state)`.
    """
    columns = dict(values or {})
    assignments = "".join(f", {name} = ${number}" for number, name in enumerate(columns, start=6))
    assignments += "".join(f", {name} = now()" for name in stamps)
    lease = f"now() + make_interval(secs => {held.table.lease_s:f})" if keeps_lease else "null"
    return await connection.fetchrow(
        f"""
        update {held.table.name}
           set state = $4, failures = 0, lease_until = {lease}, not_before = null, seq = seq + 1, progressed_at = now(),
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


def moved(held: Claim, to_state: str) -> Claim:
    """The claim after a transition that kept its lease."""
    return replace(held, state=to_state, failures=0)


async def hand_back(
    connection: Connection,
    held: Claim,
    *,
    is_counted: bool,
    delay_s: float | None = None,
    values: Mapping[str, Any] | None = None,
) -> bool:
    """Give the row back in the state it is in, so that another attempt can take it.

    A failure is counted only if the work itself failed (`is_counted`): a restart, a cancel or a broker outage fails nobody.
    Counted ones wait: `delay_s`, or backoff from the failures so far.
    """
    table = held.table
    if delay_s is None:
        delay_s = backoff_s(table, held.failures) if is_counted else 0.0
    columns = dict(values or {})
    assignments = "".join(f", {name} = ${number}" for number, name in enumerate(columns, start=6))
    status = await connection.execute(
        f"""
        update {table.name}
           set lease_until = null, failures = failures - $4::int,
               not_before = now() + make_interval(secs => $5::float8),
               due_at = now() + make_interval(secs => $5::float8){assignments}
         where {table.id_column} = $1 and state = $2 and attempt = $3
        """,
        held.row_id,
        held.state,
        held.attempt,
        0 if is_counted else 1,
        delay_s,
        *columns.values(),
    )
    return status == "UPDATE 1"


def backoff_s(table: WorkTable, failures: int) -> float:
    """Seconds to wait after this many failures: doubling, bounded."""
    return min(table.backoff_most_s, table.backoff_base_s * 2.0 ** max(0, failures - 1))
