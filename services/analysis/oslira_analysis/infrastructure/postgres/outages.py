"""Unavailable suppliers, in Postgres. All processes see a report within a second."""

from collections.abc import Mapping
from typing import Final

from oslira_shared.postgres.clients import AdminClient

from oslira_analysis.domain.breaker import Hold

_READ: Final = """
select supplier, reason, is_outage, extract(epoch from down_until - now())::float8 as left_s
  from analysis.outages where down_until > now()
"""
# `since` is the start of the current outage: the wait limit of runs counts from it.
_REPORT: Final = """
insert into analysis.outages as o (supplier, down_until, since, reason, is_outage)
values ($1, now() + make_interval(secs => $2), now(), $3, $4)
on conflict (supplier) do update
   set since = case when o.down_until > now() then o.since else now() end,
       down_until = greatest(o.down_until, excluded.down_until), reason = excluded.reason, is_outage = excluded.is_outage
"""
_CLEAR: Final = "delete from analysis.outages where supplier = $1"
_RESCHEDULE: Final = "select analysis.reschedule_snoozed($1, $2, $3)"
_TAKE_PROBE: Final = """
update analysis.outages set probed_at = now()
 where supplier = $1 and (probed_at is null or probed_at <= now() - make_interval(secs => $2))
"""


class PostgresOutages:
    """Implements Outages over analysis.outages."""

    def __init__(self, database: AdminClient) -> None:
        self._database = database

    async def read(self) -> Mapping[str, Hold]:
        async with self._database.connection() as connection:
            rows = await connection.fetch(_READ)
        return {row["supplier"]: Hold(row["reason"], row["is_outage"], row["left_s"]) for row in rows}

    async def report(self, supplier: str, hold: Hold) -> None:
        async with self._database.connection() as connection:
            await connection.execute(_REPORT, supplier, hold.left_s, hold.reason[:200], hold.is_outage)

    async def clear(self, supplier: str) -> None:
        async with self._database.connection() as connection:
            await connection.execute(_CLEAR, supplier)

    async def take_probe(self, supplier: str, *, every_s: float) -> bool:
        async with self._database.connection() as connection:
            return await connection.execute(_TAKE_PROBE, supplier, every_s) == "UPDATE 1"

    async def reschedule_snoozed(self, supplier: str, *, most: int, within_s: float) -> None:
        async with self._database.connection() as connection:
            await connection.execute(_RESCHEDULE, supplier, most, within_s)
