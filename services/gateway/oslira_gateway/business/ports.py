"""The ports of business profiles."""

from typing import Protocol
from uuid import UUID

from oslira_shared.contracts.analysis.v1 import ContextPreview

from oslira_gateway.business.profile import BusinessContext, BusinessProfile, BusinessVersion
from oslira_gateway.http.listing import Cursor
from oslira_gateway.identity.caller import Member


class BusinessProfiles(Protocol):
    """The business profiles of the member's chosen account only."""

    async def add(self, member: Member, profile_id: UUID, context: BusinessContext) -> BusinessProfile:
        """Store a new one, version 1. Raises OsliraError `limit_reached`."""
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
        """Replace its content by `context`, as a new version unless it is the same. `version`: only if it is the current one.

        Raises OsliraError: business_profile_not_found, version_conflict.
        """
        ...

    async def versions(
        self, member: Member, profile_id: UUID, *, below: int | None, limit: int
    ) -> list[BusinessVersion]:
        """At most `limit` of its versions, newest first."""
        ...

    async def delete(self, member: Member, profile_id: UUID, *, version: int | None) -> None:
        """Soft-delete it. Raises like change()."""
        ...

    async def restore(self, member: Member, profile_id: UUID) -> BusinessProfile:
        """Restore it within 30 days. Raises OsliraError: business_profile_not_found, limit_reached."""
        ...


class ContextPreviews(Protocol):
    """The texts about a business that each type of analysis sends to models."""

    async def of(self, member: Member, profile_id: UUID) -> ContextPreview:
        """Raises OsliraError: business_profile_not_found, unavailable."""
        ...
