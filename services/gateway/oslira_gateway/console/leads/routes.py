"""`/app/leads`: the table, what is done with several leads, and the CSV file."""

import asyncio
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.exceptions import ValidationException
from litestar.response import Stream
from oslira_client.generated.leads import LeadIds

from oslira_gateway.console.downloads import csv_file
from oslira_gateway.console.forms import ids_of
from oslira_gateway.console.leads.filters import COLUMNS, SORTS, TYPES, Filters
from oslira_gateway.console.leads.lead_routes import lead_routes
from oslira_gateway.console.visit import visit_of

_PAGE: Final = 50
_MOST: Final = 1_000


def leads_routes() -> list[Any]:
    """The table of leads, and single leads."""

    @get("/app/leads")
    async def table(request: Request[Any, Any, Any]) -> Response[str]:
        visit, filters = visit_of(request), Filters.read(request.query_params)
        cursor = request.query_params.get("cursor")
        deleted = [one for one in request.query_params.getall("deleted", []) if _is_id(one)]
        page, businesses = await asyncio.gather(
            visit.api.leads.list_leads(**filters.bounds, **filters.order, cursor=cursor, limit=_PAGE).first(),
            visit.api.business.list_business_profiles(limit=100).first(),
        )
        return await visit.page(
            "leads.html",
            leads=page.items,
            next_cursor=page.next_cursor,
            is_first=cursor is None,
            filters=filters,
            businesses=businesses.items,
            types=TYPES,
            sorts=SORTS,
            columns=COLUMNS,
            deleted=deleted,
        )

    @get("/app/leads/export.csv")
    async def export(request: Request[Any, Any, Any]) -> Stream:
        visit, filters = visit_of(request), Filters.read(request.query_params)
        return await csv_file(visit.api.leads.export_leads(**filters.bounds), "leads.csv")

    @post("/app/leads/delete", status_code=200)
    async def delete(request: Request[Any, Any, Any]) -> Response[str]:
        visit, ids = visit_of(request), await _marked(request)
        await visit.api.leads.delete_leads(LeadIds(lead_ids=ids))
        undo = "&".join(f"deleted={one}" for one in ids[:50])
        return visit.go(f"/app/leads?{undo}")

    @post("/app/leads/restore", status_code=200)
    async def restore(request: Request[Any, Any, Any]) -> Response[str]:
        visit, ids = visit_of(request), await _marked(request)
        await visit.api.leads.restore_leads(LeadIds(lead_ids=ids))
        return visit.go("/app/leads")

    return [table, export, delete, restore, *lead_routes()]


async def _marked(request: Request[Any, Any, Any]) -> list[UUID]:
    ids = await ids_of(request, "lead_id")
    if not 1 <= len(ids) <= _MOST:
        raise ValidationException("Mark at least one lead.")
    return ids


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
