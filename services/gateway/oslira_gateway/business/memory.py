"""Business profiles in memory, for tests."""

from datetime import UTC, datetime
from uuid import UUID

from oslira_gateway.business.profile import BusinessContext, BusinessProfile
from oslira_gateway.http.listing import Cursor
from oslira_gateway.identity.caller import Member


class MemoryBusinessProfiles:
    """See BusinessProfiles."""

    def __init__(self) -> None:
        self._rows: dict[UUID, tuple[UUID, BusinessProfile]] = {}

    async def add(self, member: Member, profile_id: UUID, context: BusinessContext) -> BusinessProfile:
        """See BusinessProfiles."""
        now = datetime.now(UTC)
        profile = BusinessProfile(
            **context.model_dump(), business_profile_id=profile_id, version=1, created_at=now, updated_at=now
        )
        self._rows[profile_id] = (member.account_id, profile)
        return profile

    async def find(self, member: Member, profile_id: UUID) -> BusinessProfile | None:
        """See BusinessProfiles."""
        account_id, profile = self._rows.get(profile_id, (None, None))
        return profile if account_id == member.account_id else None

    async def page(self, member: Member, *, after: Cursor | None, limit: int) -> list[BusinessProfile]:
        """See BusinessProfiles."""
        mine = [profile for account_id, profile in self._rows.values() if account_id == member.account_id]
        mine.sort(key=_place, reverse=True)
        return [p for p in mine if after is None or _place(p) < (after.created_at, after.row_id)][:limit]


def _place(profile: BusinessProfile) -> tuple[datetime, UUID]:
    return (profile.created_at, profile.business_profile_id)
