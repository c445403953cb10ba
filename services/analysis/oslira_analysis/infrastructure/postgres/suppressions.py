"""Erased profiles, in Postgres."""

from collections.abc import Collection
from typing import Final

from oslira_shared.postgres.clients import AdminClient

_AMONG: Final = "select name from unnest($1::text[]) as name where identity.is_suppressed(name)"


class PostgresSuppressions:
    """Implements Suppressions over identity.suppression, which contains only digests."""

    def __init__(self, database: AdminClient) -> None:
        self._database = database

    async def among(self, names: Collection[str]) -> frozenset[str]:
        async with self._database.connection() as connection:
            return frozenset(row["name"] for row in await connection.fetch(_AMONG, sorted(names)))
