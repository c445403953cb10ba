"""Ends of runs and bulks, by the views that analysis grants, and the deliveries for them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from oslira_shared.contracts.analysis.v1 import bulk_ended_id, run_ended_id
from oslira_shared.ids import new_id
from oslira_shared.postgres.clients import AdminClient, Record

from oslira_gateway.webhooks.event import BulkEnding, Event, RunEnding

# An endpoint does not receive what ended before it was added.
_IS_WANTED: Final = """
exists (select from identity.webhook_endpoints w
         where w.account_id = e.account_id and w.state <> 'disabled' and w.created_at <= e.finished_at)
"""
_RUN: Final = f"select e.* from analysis.run_endings e where e.run_id = $1 and {_IS_WANTED}"
_BULK: Final = f"select e.* from analysis.bulk_endings e where e.bulk_id = $1 and {_IS_WANTED}"
_RECORD: Final = """
insert into identity.webhook_deliveries (id, account_id, endpoint_id, event_id, event_type, body, due_at)
select n.id, w.account_id, w.id, $3, $4, $5, now()
  from (select *, row_number() over (order by id) as number from identity.webhook_endpoints
         where account_id = $2 and state <> 'disabled' and $4 = any(event_types) and created_at <= $6) w
  join unnest($1::uuid[]) with ordinality as n (id, number) on n.number = w.number
on conflict (endpoint_id, event_id) do nothing
returning endpoint_id
"""
_OVERLOOKED: Final = """
select e.* from analysis.{name}_endings e, identity.webhook_cursors m
 where m.source = $1 and (e.finished_at, e.{name}_id) > (m.finished_at, m.id)
   and e.finished_at <= $2 and {wanted}
 order by e.finished_at, e.{name}_id limit $3
"""
_HORIZON: Final = "select now() - make_interval(secs => $1)"
_ADVANCE: Final = """
update identity.webhook_cursors set finished_at = $2, id = $3
 where source = $1 and ($2::timestamptz, $3::uuid) > (finished_at, id)
"""
_LAST_ID: Final = UUID("ffffffff-ffff-ffff-ffff-ffffffffffff")
_MOST_ENDPOINTS: Final = 100


class PostgresEndings:
    """Implements Endings. For all accounts, so it uses the service's own client."""

    def __init__(self, database: AdminClient) -> None:
        self._database = database

    async def of_run(self, run_id: UUID) -> RunEnding | None:
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_RUN, run_id)
        return RunEnding(**dict(row)) if row else None

    async def of_bulk(self, bulk_id: UUID) -> BulkEnding | None:
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_BULK, bulk_id)
        return BulkEnding(**dict(row)) if row else None

    async def record(self, event: Event) -> Sequence[UUID]:
        ids = [new_id() for _ in range(_MOST_ENDPOINTS)]
        values = (event.account_id, event.event_id, event.type, event.body, event.happened_at)
        async with self._database.connection() as connection:
            return [row["endpoint_id"] for row in await connection.fetch(_RECORD, ids, *values)]

    async def horizon(self, *, older_than_s: float) -> datetime:
        async with self._database.connection() as connection:
            return await connection.fetchval(_HORIZON, older_than_s)

    async def missed(self, source: str, *, until: datetime, limit: int) -> Sequence[Event]:
        query = _OVERLOOKED.format(name=source.removesuffix("s"), wanted=_IS_WANTED)
        async with self._database.connection() as connection:
            return [_event(source, row) for row in await connection.fetch(query, source, until, limit)]

    async def advance(self, source: str, past: Event | datetime) -> None:
        place = (past, _LAST_ID) if isinstance(past, datetime) else (past.happened_at, _id(source, past))
        async with self._database.connection() as connection:
            await connection.execute(_ADVANCE, source, *place)


def _event(source: str, row: Record) -> Event:
    if source == "runs":
        run = RunEnding(**dict(row))
        return run.event(run_ended_id(run.run_id))
    bulk = BulkEnding(**dict(row))
    return bulk.event(bulk_ended_id(bulk.bulk_id))


def _id(source: str, event: Event) -> UUID:
    return event.data["run_id" if source == "runs" else "bulk_id"]
