"""Ports of leads."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol
from uuid import UUID

from oslira_gateway.http.listing import Cursor
from oslira_gateway.identity.caller import Member
from oslira_gateway.leads.lead import Lead, LeadAnalysis
from oslira_gateway.leads.many_leads import LeadOutcome
from oslira_gateway.leads.search import LeadSearch, Place


@dataclass(frozen=True, slots=True)
class Restored:
    """`replaced`: the profile was analysed again, and `lead_id` is the newer lead."""

    outcome: Literal["restored", "not_found", "replaced"]
    lead_id: UUID


class Leads(Protocol):
    """The leads of the member's chosen account; deleted ones are not visible."""

    async def find(self, member: Member, lead_id: UUID) -> Lead | None: ...

    async def page(
        self, member: Member, search: LeadSearch, *, after: Place | None, limit: int
    ) -> Sequence[Lead]:
        """At most `limit`, in the order of the search."""
        ...

    async def analyses(
        self, member: Member, lead_id: UUID, *, after: Cursor | None, limit: int
    ) -> Sequence[LeadAnalysis]:
        """At most `limit` of one lead's, newest first."""
        ...

    async def pictured(self, leads: Sequence[Lead]) -> Collection[str]:
        """The usernames of those that have a picture. They are leads that the member was shown."""
        ...

    async def business_names(self, member: Member) -> Mapping[UUID, str]:
        """The names of the account's businesses, those that were deleted lately included."""
        ...

    async def delete(self, member: Member, lead_id: UUID) -> bool:
        """Soft-delete it; False if there is none. It can be restored for 30 days."""
        ...

    async def restore(self, member: Member, lead_id: UUID) -> Restored:
        """Restore it, unless a newer lead of the profile exists."""
        ...

    async def chosen(self, member: Member, lead_ids: Sequence[UUID]) -> Sequence[Lead]:
        """Those that exist."""
        ...

    async def delete_many(self, member: Member, lead_ids: Sequence[UUID]) -> Sequence[LeadOutcome]:
        """Soft-delete them, each as `delete` does. Already deleted ones count as deleted."""
        ...

    async def restore_many(self, member: Member, lead_ids: Sequence[UUID]) -> Sequence[LeadOutcome]:
        """Restore them, each as `restore` does."""
        ...


@dataclass(frozen=True, slots=True)
class Picture:
    """`content` is None where the caller has it already."""

    etag: str
    content_type: str
    content: bytes | None


class Pictures(Protocol):
    """Profile pictures of leads."""

    async def of_lead(self, account_id: UUID, lead_id: UUID, *, known_etags: Sequence[str]) -> Picture:
        """Raises OsliraError `avatar_not_found` when the account has no such lead or it has no picture, `unavailable`."""
        ...
