"""Where business profiles are kept."""

from typing import Protocol
from uuid import UUID

from oslira_shared.contracts.analysis.v1 import ContextPreview

from oslira_gateway.business.profile import BusinessContext, BusinessProfile, BusinessVersion
from oslira_gateway.http.listing import Cursor
from oslira_gateway.identity.caller import Member


class BusinessProfiles(Protocol):
    """The business profiles of the member's chosen account; another account's are not there."""

    async def add(self, member: Member, profile_id: UUID, context: BusinessContext) -> BusinessProfile:
        """Keep a new one, version 1. Raises OsliraError `limit_reached`."""
        ...

    async def find(self, member: Member, profile_id: UUID) -> BusinessProfile | None:
        """One that isn't deleted."""
        ...

    async def page(self, member: Member, *, after: Cursor | None, limit: int) -> list[BusinessProfile]:
        """At most `limit` that aren't deleted, newest first."""
        ...

    async def change(
        self, member: Member, profile_id: UUID, context: BusinessContext, *, version: int | None
    ) -> BusinessProfile:
        """Make it say `context`, as a new version unless it says so already. `version`: only if it is this one.

        Raises OsliraError: business_profile_not_found, version_conflict.
        """
        ...

    async def versions(
        self, member: Member, profile_id: UUID, *, below: int | None, limit: int
    ) -> list[BusinessVersion]:
        """At most `limit` of its versions, newest first."""
        ...

    async def delete(self, member: Member, profile_id: UUID, *, version: int | None) -> None:
        """Put it away. Raises as change() does."""
        ...

    async def restore(self, member: Member, profile_id: UUID) -> BusinessProfile:
        """Take it back within 30 days. Raises OsliraError: business_profile_not_found, limit_reached."""
        ...


class ContextPreviews(Protocol):
    """What models get to read about a business, by those who ask them."""

    async def of(self, member: Member, profile_id: UUID) -> ContextPreview:
        """Raises OsliraError: business_profile_not_found, unavailable."""
        ...
