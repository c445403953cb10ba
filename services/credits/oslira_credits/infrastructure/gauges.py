"""Metrics of open holds and audit differences: read by partial indexes, in a loop, never during a scrape."""

from typing import Final

from oslira_shared.postgres.clients import AdminClient

from oslira_credits.metrics import AUDIT_DIFFERENCES, HOLDS_OLDEST_SECONDS, HOLDS_OPEN

MEASURE_EVERY_S: Final = 15.0
_HOLDS: Final = """
select count(*) as holds, coalesce(extract(epoch from now() - min(created_at)), 0)::float8 as oldest_s
  from credits.holds where due_at is not null
"""
_DIFFERENCES: Final = "select count(*) from credits.differences where resolved_at is null"


class Gauges:
    """Every replica exports the same value; queries use max(), not sum()."""

    def __init__(self, database: AdminClient) -> None:
        self._database = database

    async def __call__(self) -> None:
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_HOLDS)
            AUDIT_DIFFERENCES.set(await connection.fetchval(_DIFFERENCES))
        assert row is not None  # noqa: S101  # an aggregate
        HOLDS_OPEN.set(row["holds"])
        HOLDS_OLDEST_SECONDS.set(max(0.0, row["oldest_s"]))
