"""Erasure in Postgres."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from oslira_shared.postgres.clients import AdminClient

from oslira_analysis.application.erase_profile import ErasedRows, Subject

_SUBJECT: Final = "select username, username_hmac from identity.erasure_of($1)"
_AT_WORK: Final = """
select id, account_id from analysis.runs
 where username = $1 and analysis.is_active(state) order by id
"""
_PICTURES: Final = """
select a.key from analysis.avatars a
 where a.username = $1 and not exists (select from analysis.avatars o where o.key = a.key and o.username <> $1)
"""
_IDS: Final = (
    "select distinct profile_id from analysis.scrapes where username = $1 and profile_id is not null"
)
_SUPPRESS_IDS: Final = "select identity.suppress_ids($1, $2)"
_FORGET_ITEMS: Final = (
    "update analysis.scrapes set item = null where profile_id = any($1) and item is not null"
)
_OTHER_NAMES: Final = (
    "select distinct username from analysis.scrapes where profile_id = any($1) and username <> $2"
)
_ERASE: Final = "select removed, is_finished from analysis.erase_profile($1, $2)"


class PostgresErasableRows:
    """Implements ErasableRows."""

    def __init__(self, database: AdminClient) -> None:
        self._database = database

    async def subject(self, erasure_id: UUID) -> Subject | None:
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_SUBJECT, erasure_id)
        return None if row is None else Subject(*row)

    async def suppress_ids(self, erasure_id: UUID, subject: Subject) -> Sequence[str]:
        async with self._database.transaction() as connection:
            ids = [found for (found,) in await connection.fetch(_IDS, subject.username)]
            if not ids:
                return []
            await connection.execute(_SUPPRESS_IDS, erasure_id, ids)
            await connection.execute(_FORGET_ITEMS, ids)
            return [name for (name,) in await connection.fetch(_OTHER_NAMES, ids, subject.username)]

    async def at_work(self, subject: Subject) -> Sequence[tuple[UUID, UUID]]:
        async with self._database.connection() as connection:
            rows = await connection.fetch(_AT_WORK, subject.username)
        return [(row["id"], row["account_id"]) for row in rows]

    async def pictures(self, subject: Subject) -> Sequence[str]:
        async with self._database.connection() as connection:
            return [key for (key,) in await connection.fetch(_PICTURES, subject.username)]

    async def erase(self, subject: Subject) -> ErasedRows:
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(_ERASE, subject.username, subject.username_hmac)
        assert row is not None  # noqa: S101  # it returns one row or raises
        return ErasedRows(row["removed"], row["is_finished"])
