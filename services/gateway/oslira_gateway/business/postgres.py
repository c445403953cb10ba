"""Business profiles in Postgres, under row-level security as the user."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID

import asyncpg
from oslira_shared.errors import OsliraError
from oslira_shared.postgres.clients import Connection, Pool, Record, UserClient

from oslira_gateway.business.profile import BusinessContext, BusinessProfile, BusinessVersion
from oslira_gateway.business.refusals import no_such_profile, other_version, too_many_profiles
from oslira_gateway.http.listing import Cursor
from oslira_gateway.identity.caller import Member

_COLUMNS: Final = "id, version, context, created_at, updated_at"
_ADD: Final = f"""
insert into identity.business_profiles (id, account_id, name, context) values ($1, $2, $3, $4) returning {_COLUMNS}
"""
_FIND: Final = f"""
select {_COLUMNS} from identity.business_profiles where id = $1 and account_id = $2 and deleted_at is null
"""
_CHANGE: Final = f"""
update identity.business_profiles set name = $4, context = $5
 where id = $1 and account_id = $2 and deleted_at is null and ($3::int is null or version = $3) returning {_COLUMNS}
"""
_DELETE: Final = """
update identity.business_profiles set deleted_at = now()
 where id = $1 and account_id = $2 and deleted_at is null and ($3::int is null or version = $3) returning id
"""
_RESTORE: Final = f"""
update identity.business_profiles set deleted_at = null
 where id = $1 and account_id = $2 and (deleted_at is null or deleted_at > now() - interval '30 days') returning {_COLUMNS}
"""
_VERSIONS: Final = """
select v.version, v.context, v.created_at from identity.business_profile_versions v
 where v.business_profile_id = $1 and v.account_id = $2 and ($3::int is null or v.version < $3)
 order by v.version desc limit $4
"""
# Raised by the table's trigger; its detail is the limit.
_TOO_MANY: Final = "OS409"
_PAGE: Final = f"""
select {_COLUMNS} from identity.business_profiles
 where account_id = $1 and deleted_at is null and ($2::timestamptz is null or (created_at, id) < ($2, $3::uuid))
 order by created_at desc, id desc limit $4
"""


class PostgresBusinessProfiles:
    """Implements BusinessProfiles."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def add(self, member: Member, profile_id: UUID, context: BusinessContext) -> BusinessProfile:
        async with self._within_limit(member) as connection:
            row = await connection.fetchrow(
                _ADD, profile_id, member.account_id, context.name, context.model_dump(mode="json")
            )
        assert row is not None  # noqa: S101  # an insert without a conflict clause returns its row
        return _profile(row)

    async def find(self, member: Member, profile_id: UUID) -> BusinessProfile | None:
        async with self._as(member).transaction() as connection:
            row = await connection.fetchrow(_FIND, profile_id, member.account_id)
        return _profile(row) if row else None

    async def page(self, member: Member, *, after: Cursor | None, limit: int) -> list[BusinessProfile]:
        place = (after.created_at, after.row_id) if after else (None, None)
        async with self._as(member).transaction() as connection:
            rows = await connection.fetch(_PAGE, member.account_id, *place, limit)
        return [_profile(row) for row in rows]

    async def change(
        self, member: Member, profile_id: UUID, context: BusinessContext, *, version: int | None
    ) -> BusinessProfile:
        said = context.model_dump(mode="json")
        async with self._as(member).transaction() as connection:
            row = await connection.fetchrow(
                _CHANGE, profile_id, member.account_id, version, context.name, said
            )
        if row is None:
            raise await self._refusal(member, profile_id)
        return _profile(row)

    async def versions(
        self, member: Member, profile_id: UUID, *, below: int | None, limit: int
    ) -> list[BusinessVersion]:
        async with self._as(member).transaction() as connection:
            rows = await connection.fetch(_VERSIONS, profile_id, member.account_id, below, limit)
        return [
            BusinessVersion(**row["context"], version=row["version"], created_at=row["created_at"])
            for row in rows
        ]

    async def delete(self, member: Member, profile_id: UUID, *, version: int | None) -> None:
        async with self._as(member).transaction() as connection:
            deleted = await connection.fetchval(_DELETE, profile_id, member.account_id, version)
        if deleted is None:
            raise await self._refusal(member, profile_id)

    async def restore(self, member: Member, profile_id: UUID) -> BusinessProfile:
        async with self._within_limit(member) as connection:
            row = await connection.fetchrow(_RESTORE, profile_id, member.account_id)
        if row is None:
            raise no_such_profile()
        return _profile(row)

    async def _refusal(self, member: Member, profile_id: UUID) -> OsliraError:
        """Why nothing was changed."""
        profile = await self.find(member, profile_id)
        return no_such_profile() if profile is None else other_version(profile)

    @asynccontextmanager
    async def _within_limit(self, member: Member) -> AsyncGenerator[Connection]:
        try:
            async with self._as(member).transaction() as connection:
                yield connection
        except asyncpg.PostgresError as error:
            if error.sqlstate != _TOO_MANY:
                raise
            raise too_many_profiles(int(error.detail or 0)) from error

    def _as(self, member: Member) -> UserClient:
        return UserClient(self._pool, claims=member.caller.claims)


def _profile(row: Record) -> BusinessProfile:
    return BusinessProfile(
        **row["context"],
        business_profile_id=row["id"],
        version=row["version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
