"""`POST /v1/leads/delete`, `/v1/leads/restore`, `/v1/leads/refresh` and `/v1/leads/refresh/quote`: several leads in one request."""

from typing import Any

from litestar import Request, Response, post
from litestar.params import JSONBody

from oslira_gateway.bulk.bulk import Quote
from oslira_gateway.bulk.request_bulk import Bulks
from oslira_gateway.bulk.routes import BULK_REFUSALS, AcceptedBulk, accepted_bulk
from oslira_gateway.http.auth import member_of
from oslira_gateway.http.documented import also, refuses
from oslira_gateway.http.rate_limits import LIMIT
from oslira_gateway.leads.many_leads import LeadIds, LeadOutcomes, LeadsRefresh, outcomes_of
from oslira_gateway.leads.ports import Leads
from oslira_gateway.leads.refresh_leads import RefreshLeads
from oslira_gateway.leads.routes import NOT_FOUND
from oslira_gateway.limits.policies import RouteClass
from oslira_gateway.runs.order_routes import IdempotencyKey, idempotency_key_of
from oslira_gateway.streams.addresses import Addresses

_REFUSALS = ("unknown_type", NOT_FOUND, "business_profile_not_found")


def many_leads_routes(leads: Leads) -> list[Any]:
    """Routes that delete and restore several leads. Asked again they answer the same."""

    @post("/leads/delete", operation_id="deleteLeads", status_code=200, tags=["leads"])
    async def delete_leads(request: Request[Any, Any, Any], data: JSONBody[LeadIds]) -> LeadOutcomes:
        """Delete up to 1,000 leads. They can be restored for 30 days."""
        found = await leads.delete_many(member_of(request), data.lead_ids)
        return outcomes_of(data.lead_ids, list(found))

    @post("/leads/restore", operation_id="restoreLeads", status_code=200, tags=["leads"])
    async def restore_leads(request: Request[Any, Any, Any], data: JSONBody[LeadIds]) -> LeadOutcomes:
        """Restore up to 1,000 deleted leads."""
        found = await leads.restore_many(member_of(request), data.lead_ids)
        return outcomes_of(data.lead_ids, list(found))

    return [delete_leads, restore_leads]


def refresh_many_routes(refresh_leads: RefreshLeads, bulks: Bulks, addresses: Addresses) -> list[Any]:
    """Routes that analyse several leads again, as a bulk."""

    @post(
        "/leads/refresh",
        operation_id="refreshLeads",
        status_code=202,
        opt={LIMIT: RouteClass.COSTLY},
        tags=["leads"],
        responses=also(202, AcceptedBulk, "Accepted; the credits of its new analyses are held.")
        | also(200, AcceptedBulk, "The same bulk was accepted a moment ago; this is it.")
        | refuses(*_REFUSALS, *BULK_REFUSALS),
    )
    async def refresh_many(
        request: Request[Any, Any, Any],
        data: JSONBody[LeadsRefresh],
        idempotency_key: IdempotencyKey = None,
    ) -> Response[AcceptedBulk]:
        """Analyse up to 1,000 leads of one business profile again, as a bulk under one hold.

        Leads whose newest scraped data is analysed already are listed with that analysis and cost nothing.
        """
        member, key = member_of(request), idempotency_key_of(idempotency_key)
        order = await refresh_leads.order(member, data)
        bulk_id, is_new = await refresh_leads(member, order, key, request.state.request_id)
        bulk = await bulks.find(member, bulk_id)
        return accepted_bulk(addresses, member, bulk, order, status=202 if is_new or key else 200)

    @post(
        "/leads/refresh/quote",
        operation_id="quoteLeadsRefresh",
        status_code=200,
        tags=["leads"],
        responses=refuses(*_REFUSALS),
    )
    async def quote_refresh(request: Request[Any, Any, Any], data: JSONBody[LeadsRefresh]) -> Quote:
        """What refreshing these leads would do and cost now. Nothing is ordered and nothing is held."""
        member = member_of(request)
        return await refresh_leads.quote(member, await refresh_leads.order(member, data))

    return [refresh_many, quote_refresh]
