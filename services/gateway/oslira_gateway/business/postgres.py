"""Business profiles in Postgres, under row-level security as the user who asks."""

from typing import Final
from uuid import UUID

from oslira_shared.postgres.clients import Pool, Record, UserClient

from oslira_gateway.business.profile import BusinessContext, BusinessProfile
from oslira_gateway.http.listing import Cursor
from oslira_gateway.identity.caller import Member

_COLUMNS: Final = "id, version, context, created_at, updated_at"
_ADD: Final = f"""
insert into identity.business_profiles (id, account_id, name, context) values ($1, $2, $3, $4) returning {_COLUMNS}
"""
_FIND: Final = f"""
select {_COLUMNS} from identity.business_profiles where id = $1 and account_id = $2 and deleted_at is null
"""
_PAGE: Final = f"""
select {_COLUMNS} from identity.business_profiles
 where account_id = $1 and deleted_at is null and ($2::timestamptz is null or (created_at, id) < ($2, $3::uuid))
 order by created_at desc, id desc limit $4
"""


class PostgresBusinessProfiles:
    """See BusinessProfiles."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def add(self, member: Member, profile_id: UUID, context: BusinessContext) -> BusinessProfile:
        """See BusinessProfiles."""
        async with self._as(member).transaction() as connection:
            row = await connection.fetchrow(
                _ADD, profile_id, member.account_id, context.name, context.model_dump(mode="json")
            )
        assert row is not None  # noqa: S101  # an insert without a conflict clause returns its row
        return _profile(row)

    async def find(self, member: Member, profile_id: UUID) -> BusinessProfile | None:
        """See BusinessProfiles."""
        async with self._as(member).transaction() as connection:
            row = await connection.fetchrow(_FIND, profile_id, member.account_id)
        return _profile(row) if row else None

    async def page(self, member: Member, *, after: Cursor | None, limit: int) -> list[BusinessProfile]:
        """See BusinessProfiles."""
        place = (after.created_at, after.row_id) if after else (None, None)
        async with self._as(member).transaction() as connection:
            rows = await connection.fetch(_PAGE, member.account_id, *place, limit)
        return [_profile(row) for row in rows]

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
