"""The reported status of models: one row per model, read by every replica."""

from collections.abc import Mapping
from typing import Final

from oslira_shared.postgres.clients import AdminClient

from oslira_analysis.domain.models.model_catalogue import Provider
from oslira_analysis.domain.models.model_table import ModelStatus

_READ: Final = (
    "select name, shuts_down_on, removed_at is not null as is_removed, is_listed from analysis.models"
)
_NOTE_GONE: Final = """
insert into analysis.models (provider, name, removed_at) values ($1, $2, now())
on conflict (provider, name) do update set removed_at = coalesce(models.removed_at, excluded.removed_at)
"""
# The list is newer than a model_not_found: a listed model is available again.
_NOTE_LISTED: Final = """
insert into analysis.models (provider, name, is_listed, shuts_down_on, listed_at) values ($1, $2, $3, $4, now())
on conflict (provider, name) do update
   set is_listed = excluded.is_listed, listed_at = excluded.listed_at,
       -- A model that is not listed any more keeps the date that was announced.
       shuts_down_on = case when excluded.is_listed then excluded.shuts_down_on else models.shuts_down_on end,
       removed_at = case when excluded.is_listed then null else models.removed_at end
"""


class PostgresModels:
    """Implements ModelRows over analysis.models."""

    def __init__(self, database: AdminClient) -> None:
        self._database = database

    async def read(self) -> Mapping[str, ModelStatus]:
        async with self._database.connection() as connection:
            rows = await connection.fetch(_READ)
        return {
            row["name"]: ModelStatus(
                row["shuts_down_on"], is_removed=row["is_removed"], is_listed=row["is_listed"]
            )
            for row in rows
        }

    async def note_removed(self, provider: Provider, model: str) -> None:
        async with self._database.connection() as connection:
            await connection.execute(_NOTE_GONE, provider, model)

    async def note_listed(self, provider: Provider, models: Mapping[str, ModelStatus]) -> None:
        # In a fixed order, because replicas may write concurrently.
        listed = [
            (provider, name, found.is_listed, found.shuts_down_on) for name, found in sorted(models.items())
        ]
        async with self._database.transaction() as connection:
            await connection.executemany(_NOTE_LISTED, listed)
