"""Where business profiles are kept."""

from typing import Protocol
from uuid import UUID

from oslira_gateway.business.profile import BusinessContext, BusinessProfile
from oslira_gateway.http.listing import Cursor
from oslira_gateway.identity.caller import Member


class BusinessProfiles(Protocol):
    """The business profiles of the member's chosen account; another account's are not there."""

    async def add(self, member: Member, profile_id: UUID, context: BusinessContext) -> BusinessProfile:
        """Keep a new one, version 1."""
        ...

    async def find(self, member: Member, profile_id: UUID) -> BusinessProfile | None:
        """One that isn't deleted."""
        ...

    async def page(self, member: Member, *, after: Cursor | None, limit: int) -> list[BusinessProfile]:
        """At most `limit` that aren't deleted, newest first."""
        ...
