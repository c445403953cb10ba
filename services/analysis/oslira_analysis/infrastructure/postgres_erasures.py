"""Erasing, in Postgres."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from oslira_shared.postgres.clients import AdminClient

from oslira_analysis.application.erase_profile import ErasedRows, Subject

_SUBJECT: Final = "select username, visitors_hmac from identity.erasure_of($1)"
_AT_WORK: Final = """
select id, account_id from analysis.runs
 where username = $1 and state in ('queued', 'waiting', 'scraping', 'scoring') order by id
"""
_PICTURES: Final = """
select a.key from analysis.avatars a
 where a.username = $1 and not exists (select from analysis.avatars o where o.key = a.key and o.username <> $1)
"""
_ERASE: Final = "select removed, is_finished from analysis.erase_profile($1, $2)"


class PostgresErasableRows:
    """The port ErasableRows."""

    def __init__(self, database: AdminClient) -> None:
        self._database = database

    async def subject(self, erasure_id: UUID) -> Subject | None:
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_SUBJECT, erasure_id)
        return None if row is None else Subject(*row)

    async def at_work(self, subject: Subject) -> Sequence[tuple[UUID, UUID]]:
        async with self._database.connection() as connection:
            rows = await connection.fetch(_AT_WORK, subject.username)
        return [(row["id"], row["account_id"]) for row in rows]

    async def pictures(self, subject: Subject) -> Sequence[str]:
        async with self._database.connection() as connection:
            return [key for (key,) in await connection.fetch(_PICTURES, subject.username)]

    async def erase(self, subject: Subject) -> ErasedRows:
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(_ERASE, subject.username, subject.visitors_hmac)
        assert row is not None  # noqa: S101  # it returns one row or raises
        return ErasedRows(row["removed"], row["is_finished"])
