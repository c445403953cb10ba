"""Refresh a lead: analyse its profile anew, whatever is fresh; the result says what has changed since the last time."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from oslira_shared.errors import OsliraError

from oslira_gateway.analyses.order import read_order
from oslira_gateway.analyses.request_analysis import Answer, Request, RequestAnalysis
from oslira_gateway.identity.caller import Member


@dataclass(frozen=True, slots=True)
class Lead:
    """What a new order needs of a lead. `latest_type` is what it was last analysed as."""

    lead_id: UUID
    username: str
    business_profile_id: UUID
    latest_type: str


class Leads(Protocol):
    """Leads that aren't deleted."""

    async def find(self, member: Member, lead_id: UUID) -> Lead | None:
        """One of the member's chosen account."""
        ...


class RefreshLead:
    """An analysis at work on the same is joined; a finished one never stands in, however fresh."""

    def __init__(self, leads: Leads, request_analysis: RequestAnalysis) -> None:
        self._leads = leads
        self._request_analysis = request_analysis

    async def __call__(
        self, member: Member, lead_id: UUID, *, kind: str | None, key: str | None, request_id: str
    ) -> Answer:
        """Raises OsliraError `lead_not_found`, and what an analysis raises."""
        lead = await self._leads.find(member, lead_id)
        if lead is None:
            raise OsliraError("lead_not_found", "There is no such lead in this account.")
        order = read_order(
            username=lead.username,
            kind=kind or lead.latest_type,
            business_profile_id=str(lead.business_profile_id),
            max_age_s=0,
            is_refresh=True,
        )
        return await self._request_analysis(Request(member, order, key, request_id))
