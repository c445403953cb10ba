"""Leads in memory, for tests."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from oslira_gateway.http.listing import Cursor
from oslira_gateway.identity.caller import Member
from oslira_gateway.leads.lead import Lead, LeadAnalysis
from oslira_gateway.leads.many_leads import LeadOutcome, Outcome
from oslira_gateway.leads.ports import Picture, Restored
from oslira_gateway.leads.search import Direction, LeadFilter, LeadSearch, Place, place_of
from oslira_shared.errors import OsliraError


@dataclass(slots=True)
class MemoryLeads:
    """Implements Leads and Pictures. `rows` are the leads by id with their account; `away` those that were deleted."""

    rows: dict[UUID, tuple[UUID, Lead]] = field(default_factory=dict[UUID, tuple[UUID, Lead]])
    away: set[UUID] = field(default_factory=set[UUID])
    history: dict[UUID, list[LeadAnalysis]] = field(default_factory=dict[UUID, list[LeadAnalysis]])
    pictures: dict[str, Picture] = field(default_factory=dict[str, Picture])
    names: dict[UUID, str] = field(default_factory=dict[UUID, str])

    def add(self, account_id: UUID, lead: Lead) -> None:
        """A lead that is there."""
        self.rows[lead.lead_id] = (account_id, lead)

    async def find(self, member: Member, lead_id: UUID) -> Lead | None:
        account_id, lead = self.rows.get(lead_id, (None, None))
        return lead if account_id == member.account_id and lead_id not in self.away else None

    async def page(
        self, member: Member, search: LeadSearch, *, after: Place | None, limit: int
    ) -> Sequence[Lead]:
        is_falling = search.direction is Direction.DESC
        mine = [lead for lead_id in self.rows if (lead := await self.find(member, lead_id))]

        def key(place: Place) -> tuple[object, UUID]:
            return (place.value, place.lead_id)

        def is_beyond(lead: Lead) -> bool:
            here = place_of(lead, search.sort)
            return after is None or (key(here) < key(after) if is_falling else key(here) > key(after))  # type: ignore[operator]

        fitting = [lead for lead in mine if _fits(lead, search.filter) and is_beyond(lead)]
        fitting.sort(key=lambda lead: key(place_of(lead, search.sort)), reverse=is_falling)  # type: ignore[arg-type]
        return fitting[:limit]

    async def analyses(
        self, member: Member, lead_id: UUID, *, after: Cursor | None, limit: int
    ) -> Sequence[LeadAnalysis]:
        if await self.find(member, lead_id) is None:
            return []
        newest_first = sorted(
            self.history.get(lead_id, []), key=lambda a: (a.created_at, a.analysis_id), reverse=True
        )
        return [
            one
            for one in newest_first
            if after is None or (one.created_at, one.analysis_id) < (after.created_at, after.row_id)
        ][:limit]

    async def pictured(self, leads: Sequence[Lead]) -> Collection[str]:
        return {lead.username for lead in leads} & self.pictures.keys()

    async def of_lead(self, account_id: UUID, lead_id: UUID, *, known_etags: Sequence[str]) -> Picture:
        owner, lead = self.rows.get(lead_id, (None, None))
        picture = self.pictures.get(lead.username) if lead and lead_id not in self.away else None
        if picture is None or owner != account_id:
            raise OsliraError("avatar_not_found", "There is no picture of this lead.")
        return replace(picture, content=None) if picture.etag in known_etags else picture

    async def business_names(self, member: Member) -> Mapping[UUID, str]:  # noqa: ARG002  # as in the port
        return self.names

    async def delete(self, member: Member, lead_id: UUID) -> bool:
        is_there = await self.find(member, lead_id) is not None
        self.away |= {lead_id} if is_there else set()
        return is_there

    async def restore(self, member: Member, lead_id: UUID) -> Restored:
        account_id, lead = self.rows.get(lead_id, (None, None))
        if lead is None or account_id != member.account_id:
            return Restored("not_found", lead_id)
        for other_id, (_, other) in self.rows.items():
            is_same = (other.username, other.business_profile_id) == (lead.username, lead.business_profile_id)
            if is_same and other_id != lead_id and await self.find(member, other_id):
                return Restored("replaced", other_id)
        self.away.discard(lead_id)
        return Restored("restored", lead_id)

    async def chosen(self, member: Member, lead_ids: Sequence[UUID]) -> Sequence[Lead]:
        found = [await self.find(member, lead_id) for lead_id in lead_ids]
        return [lead for lead in found if lead is not None]

    async def delete_many(self, member: Member, lead_ids: Sequence[UUID]) -> Sequence[LeadOutcome]:
        mine = {lead_id for lead_id in lead_ids if self.rows.get(lead_id, (None,))[0] == member.account_id}
        self.away |= mine
        return [LeadOutcome(one, Outcome.DELETED if one in mine else Outcome.NOT_FOUND) for one in lead_ids]

    async def restore_many(self, member: Member, lead_ids: Sequence[UUID]) -> Sequence[LeadOutcome]:
        found = [(one, await self.restore(member, one)) for one in sorted(set(lead_ids))]
        return [
            LeadOutcome(
                one, Outcome(restored.outcome), restored.lead_id if restored.outcome == "replaced" else None
            )
            for one, restored in found
        ]


def _fits(lead: Lead, wanted: LeadFilter) -> bool:
    words = f"{lead.username} {lead.full_name or ''}".lower().replace(".", " ").split()
    return (
        wanted.type in {None, lead.type}
        and wanted.business_profile_id in {None, lead.business_profile_id}
        and (wanted.score_min is None or lead.score >= wanted.score_min)
        and (wanted.score_max is None or lead.score <= wanted.score_max)
        and (wanted.analysed_from is None or lead.analysed_at >= wanted.analysed_from)
        and (wanted.analysed_to is None or lead.analysed_at < wanted.analysed_to)
        and all(any(word.startswith(part) for word in words) for part in (wanted.text or "").lower().split())
    )
