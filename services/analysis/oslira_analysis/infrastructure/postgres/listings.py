"""Which bulks list a run: its own, and those that link to it because it was active or fresh at their creation."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from oslira_shared.postgres.clients import AdminClient

_LISTING: Final = """
select run_id, array_agg(bulk_id order by bulk_id) as bulk_ids from analysis.bulk_items where run_id = any($1::uuid[]) group by run_id
"""


class PostgresListings:
    """Implements Listings. Not cached: a bulk may link to a run at any time."""

    def __init__(self, database: AdminClient) -> None:
        self._database = database

    async def of(self, run_ids: Sequence[UUID]) -> Mapping[UUID, list[UUID]]:
        async with self._database.connection() as connection:
            rows = await connection.fetch(_LISTING, list(run_ids))
        return {row["run_id"]: row["bulk_ids"] for row in rows}
