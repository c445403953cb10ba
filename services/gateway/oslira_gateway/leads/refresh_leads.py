"""Refresh several leads of a business: one bulk under one hold, with the rules that refreshing one lead has."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from oslira_shared.errors import OsliraError

from oslira_gateway.bulk.bulk import BulkOrder, Quote, Refresh
from oslira_gateway.bulk.name_list import Name, NameList, RejectedLine
from oslira_gateway.bulk.request_bulk import RequestBulk
from oslira_gateway.identity.caller import Member
from oslira_gateway.leads.lead import Lead
from oslira_gateway.leads.many_leads import LeadsRefresh
from oslira_gateway.leads.ports import Leads
from oslira_gateway.runs.order import read_order


class RefreshLeads:
    """Active analyses, and those of the profile's newest item, are listed instead of new ones. They are not charged."""

    def __init__(self, leads: Leads, request_bulk: RequestBulk, *, unchanged_within: timedelta) -> None:
        """`unchanged_within`: a profile that was fetched within this time counts as unchanged."""
        self._leads = leads
        self._request_bulk = request_bulk
        self._unchanged_within = unchanged_within

    async def order(self, member: Member, wanted: LeadsRefresh) -> BulkOrder:
        """The leads as a bulk's names; a lead that isn't there is a rejected line.

        Raises OsliraError `lead_not_found` when none of them is there, `invalid_request` when they are of several business
        profiles, `unknown_type`.
        """
        found = {lead.lead_id: lead for lead in await self._leads.chosen(member, wanted.lead_ids)}
        businesses = {lead.business_profile_id for lead in found.values()}
        if not businesses:
            raise OsliraError("lead_not_found", "There is none of these leads in this account.")
        if len(businesses) > 1:
            message = (
                "These leads are of several business profiles; send those of each in a request of its own."
            )
            raise OsliraError("invalid_request", message, errors=[{"key": "lead_ids", "message": message}])
        single = read_order(
            username=next(iter(found.values())).username,
            kind=wanted.type,
            business_profile_id=str(businesses.pop()),
            max_age_s=0,
        )
        lead_ids = tuple(str(lead_id) for lead_id in dict.fromkeys(wanted.lead_ids))
        return BulkOrder(
            _names(wanted.lead_ids, found),
            single.type,
            single.business_profile_id,
            single.max_age,
            wanted.max_credits,
            refresh=Refresh(lead_ids, self._unchanged_within),
        )

    async def quote(self, member: Member, order: BulkOrder) -> Quote:
        """What it would do and cost now."""
        return await self._request_bulk.quote(member, order)

    async def __call__(
        self, member: Member, order: BulkOrder, key: str | None, request_id: str
    ) -> tuple[UUID, bool]:
        """(the bulk's id, whether it is new). Raises what a bulk raises."""
        return await self._request_bulk(member, order, key, request_id)


def _names(lead_ids: Sequence[UUID], found: Mapping[UUID, Lead]) -> NameList:
    """A lead's place in the request is its line."""
    names, first = NameList(), dict[UUID, int]()
    for line, lead_id in enumerate(lead_ids, start=1):
        if lead_id not in found:
            detail = "There is no such lead in this account."
            names.rejected.append(RejectedLine(line, str(lead_id), "lead_not_found", detail))
        elif lead_id in first:
            detail = f"The same lead stands on line {first[lead_id]}."
            names.rejected.append(RejectedLine(line, str(lead_id), "duplicate", detail))
        else:
            first[lead_id] = line
            names.names.append(Name(line, found[lead_id].username))
    return names
