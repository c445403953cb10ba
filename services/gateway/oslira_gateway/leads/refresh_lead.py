"""Refresh a lead: analyse its profile again; the result says what has changed since the last time."""

from datetime import timedelta
from uuid import UUID

from oslira_shared.errors import OsliraError

from oslira_gateway.identity.caller import Member
from oslira_gateway.leads.ports import Leads
from oslira_gateway.runs.order import Order, read_order
from oslira_gateway.runs.request_analysis import Answer, Request, RequestAnalysis


class RefreshLead:
    """An active analysis of the same lead is returned.

    A finished one is returned only if this one would score the same item for the same business. Nothing is charged then.
    """

    def __init__(
        self, leads: Leads, request_analysis: RequestAnalysis[Order], *, unchanged_within: timedelta
    ) -> None:
        """`unchanged_within`: a profile that was fetched within this time counts as unchanged."""
        self._leads = leads
        self._request_analysis = request_analysis
        self._unchanged_within = unchanged_within

    async def __call__(
        self, member: Member, lead_id: UUID, *, kind: str | None, key: str | None, request_id: str
    ) -> Answer:
        """Raises OsliraError `lead_not_found`, and what an analysis raises."""
        lead = await self._leads.find(member, lead_id)
        if lead is None:
            raise OsliraError("lead_not_found", "There is no such lead in this account.")
        order = read_order(
            username=lead.username,
            kind=kind or lead.type,
            business_profile_id=str(lead.business_profile_id),
            max_age_s=0,
            is_refresh=True,
            unchanged_within=self._unchanged_within,
        )
        return await self._request_analysis(Request(member, order, key, request_id))
