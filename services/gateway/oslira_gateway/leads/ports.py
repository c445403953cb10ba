"""Where leads are read, and how they are put away."""

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
    """`replaced`: the profile was analysed anew since, and `lead_id` is the lead that has its place now."""

    outcome: Literal["restored", "not_found", "replaced"]
    lead_id: UUID


class Leads(Protocol):
    """The leads of the member's chosen account; deleted ones are not there."""

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
        """Put it away; False when it isn't there. For 30 days it can come back."""
        ...

    async def restore(self, member: Member, lead_id: UUID) -> Restored:
        """Take it back, unless another has its place."""
        ...

    async def chosen(self, member: Member, lead_ids: Sequence[UUID]) -> Sequence[Lead]:
        """Those of them that are there."""
        ...

    async def delete_many(self, member: Member, lead_ids: Sequence[UUID]) -> Sequence[LeadOutcome]:
        """Put them away, each as `delete` does. One that was put away before is deleted too."""
        ...

    async def restore_many(self, member: Member, lead_ids: Sequence[UUID]) -> Sequence[LeadOutcome]:
        """Take them back, each as `restore` does."""
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
