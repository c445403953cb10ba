"""`GET /v1/leads`: list, one, its analyses."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from litestar import Request, get
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, QueryParameter
from oslira_shared.contracts.analysis.v1 import AnalysisType
from oslira_shared.errors import OsliraError

from oslira_gateway.http.auth import member_of, path_id
from oslira_gateway.http.documented import refuses
from oslira_gateway.http.listing import DEFAULT_LIMIT, Cursor, CursorText, Limit, Page
from oslira_gateway.http.timestamps import in_utc
from oslira_gateway.identity.caller import Member
from oslira_gateway.leads.cursors import LeadCursors
from oslira_gateway.leads.lead import Lead, LeadAnalysis
from oslira_gateway.leads.ports import Leads
from oslira_gateway.leads.search import (
    Direction,
    LeadFilter,
    LeadSearch,
    Sort,
    place_of,
    searchable,
)
from oslira_gateway.streams.addresses import Addresses
from oslira_gateway.streams.tickets import follower_of

NOT_FOUND: Final = "lead_not_found"
# An x-ray's result is long: a page of these is some megabytes.
_MAX_ANALYSES: Final = 50


async def read_filter(  # noqa: PLR0917  # query parameters, given by name
    kind: Annotated[AnalysisType | None, QueryParameter(name="type")] = None,
    business_profile_id: FromQuery[UUID | None] = None,
    score_min: Annotated[int | None, QueryParameter(ge=0, le=100)] = None,
    score_max: Annotated[int | None, QueryParameter(ge=0, le=100)] = None,
    analysed_from: FromQuery[datetime | None] = None,
    analysed_to: FromQuery[datetime | None] = None,
    q: Annotated[str | None, QueryParameter(max_length=100)] = None,
) -> LeadFilter:
    """The filter that a list and an export share."""
    return LeadFilter(
        type=kind,
        business_profile_id=business_profile_id,
        score_min=score_min,
        score_max=score_max,
        analysed_from=in_utc(analysed_from),
        analysed_to=in_utc(analysed_to),
        text=searchable(q),
    )


async def with_avatars(
    found: Sequence[Lead], member: Member, leads: Leads, addresses: Addresses
) -> list[Lead]:
    """The leads with the address of their pictures, where they have one."""
    pictured, reader = await leads.pictured(found), follower_of(member)
    return [
        replace(lead, avatar_url=addresses.avatar_url(lead.lead_id, reader))
        if lead.username in pictured
        else lead
        for lead in found
    ]


def leads_routes(leads: Leads, cursors: LeadCursors, addresses: Addresses) -> list[Any]:
    """Routes about leads."""

    async def existing(request: Request[Any, Any, Any], lead_id: str) -> Lead:
        lead = await leads.find(member_of(request), path_id(lead_id, NOT_FOUND))
        if lead is None:
            raise no_such_lead()
        return lead

    @get("/leads", operation_id="listLeads", dependencies={"wanted": Provide(read_filter)}, tags=["leads"])
    async def list_leads(  # noqa: PLR0917  # query parameters, given by name
        request: Request[Any, Any, Any],
        wanted: NamedDependency[LeadFilter],
        sort: FromQuery[Sort] = Sort.ANALYSED_AT,
        order: FromQuery[Direction] = Direction.DESC,
        cursor: CursorText = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> Page[Lead]:
        """The account's leads, filtered and sorted. Keep filter and order while you page."""
        member, search = member_of(request), LeadSearch(wanted, sort, order)
        after = None
        if cursor is not None:
            after = cursors.decode(cursor, account_id=member.account_id, search=search)
        found = await leads.page(member, search, after=after, limit=limit + 1)
        items = await with_avatars(found[:limit], member, leads, addresses)
        if len(found) <= limit:
            return Page(items)
        last = place_of(items[-1], sort)
        return Page(items, cursors.encode(last, account_id=member.account_id, search=search))

    @get("/leads/{lead_id:str}", operation_id="getLead", tags=["leads"], responses=refuses(NOT_FOUND))
    async def read_lead(request: Request[Any, Any, Any], lead_id: FromPath[str]) -> Lead:
        """One lead."""
        (lead,) = await with_avatars([await existing(request, lead_id)], member_of(request), leads, addresses)
        return lead

    @get(
        "/leads/{lead_id:str}/analyses",
        operation_id="listLeadAnalyses",
        tags=["leads"],
        responses=refuses(NOT_FOUND),
    )
    async def list_lead_analyses(
        request: Request[Any, Any, Any],
        lead_id: FromPath[str],
        cursor: CursorText = None,
        limit: Annotated[
            int, QueryParameter(ge=1, le=_MAX_ANALYSES, description="How many items a page has at most.")
        ] = DEFAULT_LIMIT,
    ) -> Page[LeadAnalysis]:
        """The lead's analyses with their results, newest first."""
        lead = await existing(request, lead_id)
        after = Cursor.decode(cursor) if cursor is not None else None
        found = await leads.analyses(member_of(request), lead.lead_id, after=after, limit=limit + 1)
        items, last = list(found[:limit]), found[limit - 1] if len(found) > limit else None
        return Page(items, Cursor(last.created_at, last.analysis_id).encode() if last else None)

    return [list_leads, read_lead, list_lead_analyses]


def no_such_lead() -> OsliraError:
    """It does not exist, is deleted, or is another account's."""
    return OsliraError(NOT_FOUND, "There is no such lead in this account.")
