"""Business profiles in memory, for tests."""

from datetime import UTC, datetime
from uuid import UUID

from oslira_gateway.business.profile import BusinessContext, BusinessProfile, BusinessVersion
from oslira_gateway.business.refusals import no_such_profile, other_version, too_many_profiles
from oslira_gateway.http.listing import Cursor
from oslira_gateway.identity.caller import Member


class MemoryBusinessProfiles:
    """Implements BusinessProfiles."""

    def __init__(self, *, most: int = 50) -> None:
        self._rows: dict[UUID, tuple[UUID, BusinessProfile]] = {}
        self._versions: dict[UUID, list[BusinessVersion]] = {}
        self._away: set[UUID] = set()
        self._most = most

    async def add(self, member: Member, profile_id: UUID, context: BusinessContext) -> BusinessProfile:
        self._make_room(member)
        now = datetime.now(UTC)
        profile = BusinessProfile(
            **context.model_dump(), business_profile_id=profile_id, version=1, created_at=now, updated_at=now
        )
        return self._keep(member.account_id, profile)

    async def find(self, member: Member, profile_id: UUID) -> BusinessProfile | None:
        account_id, profile = self._rows.get(profile_id, (None, None))
        return profile if account_id == member.account_id and profile_id not in self._away else None

    async def page(self, member: Member, *, after: Cursor | None, limit: int) -> list[BusinessProfile]:
        mine = [found for profile_id in self._rows if (found := await self.find(member, profile_id))]
        mine.sort(key=_place, reverse=True)
        return [p for p in mine if after is None or _place(p) < (after.created_at, after.row_id)][:limit]

    async def change(
        self, member: Member, profile_id: UUID, context: BusinessContext, *, version: int | None
    ) -> BusinessProfile:
        profile = await self._of_version(member, profile_id, version)
        if profile.context == context:
            return profile
        said = {name: getattr(context, name) for name in BusinessContext.model_fields}
        changed = {**said, "version": profile.version + 1, "updated_at": datetime.now(UTC)}
        return self._keep(member.account_id, profile.model_copy(update=changed))

    async def versions(
        self, member: Member, profile_id: UUID, *, below: int | None, limit: int
    ) -> list[BusinessVersion]:
        if await self.find(member, profile_id) is None:
            return []
        kept = reversed(self._versions[profile_id])
        return [one for one in kept if below is None or one.version < below][:limit]

    async def delete(self, member: Member, profile_id: UUID, *, version: int | None) -> None:
        await self._of_version(member, profile_id, version)
        self._away.add(profile_id)

    async def restore(self, member: Member, profile_id: UUID) -> BusinessProfile:
        account_id, profile = self._rows.get(profile_id, (None, None))
        if profile is None or account_id != member.account_id:
            raise no_such_profile()
        if profile_id in self._away:
            self._make_room(member)
            self._away.discard(profile_id)
        return profile

    async def _of_version(self, member: Member, profile_id: UUID, version: int | None) -> BusinessProfile:
        profile = await self.find(member, profile_id)
        if profile is None:
            raise no_such_profile()
        if version not in {None, profile.version}:
            raise other_version(profile)
        return profile

    def _make_room(self, member: Member) -> None:
        mine = {key for key, (account_id, _) in self._rows.items() if account_id == member.account_id}
        if len(mine - self._away) >= self._most:
            raise too_many_profiles(self._most)

    def _keep(self, account_id: UUID, profile: BusinessProfile) -> BusinessProfile:
        profile_id = profile.business_profile_id
        self._rows[profile_id] = (account_id, profile)
        said = {name: getattr(profile, name) for name in BusinessContext.model_fields}
        version = BusinessVersion(**said, version=profile.version, created_at=profile.updated_at)
        self._versions.setdefault(profile_id, []).append(version)
        return profile


def _place(profile: BusinessProfile) -> tuple[datetime, UUID]:
    return (profile.created_at, profile.business_profile_id)
