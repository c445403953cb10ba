"""`/app/bulk/{bulk_id}`: one list of names."""

import asyncio
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import FromPath, FromQuery
from oslira_client import ENDED, Conflict

from oslira_gateway.console.visit import Visit, visit_of

_PAGE: Final = 100


def bulk_routes() -> list[Any]:
    """One bulk."""

    @get("/app/bulk/{bulk_id:uuid}")
    async def bulk_page(
        request: Request[Any, Any, Any], bulk_id: FromPath[UUID], cursor: FromQuery[str | None] = None
    ) -> Response[str]:
        visit = visit_of(request)
        return await visit.page("bulk.html", **await _shown(visit, bulk_id, cursor))

    @get("/app/bulk/{bulk_id:uuid}/part")
    async def bulk_part(
        request: Request[Any, Any, Any], bulk_id: FromPath[UUID], cursor: FromQuery[str | None] = None
    ) -> Response[str]:
        visit = visit_of(request)
        return visit.fragment("bulk_part.html", **await _shown(visit, bulk_id, cursor))

    @post("/app/bulk/{bulk_id:uuid}/cancel", status_code=200)
    async def cancel(request: Request[Any, Any, Any], bulk_id: FromPath[UUID]) -> Response[str]:
        visit = visit_of(request)
        try:
            await visit.api.bulk.cancel_bulk(bulk_id)
        except Conflict as refusal:
            if refusal.code != "bulk_finished":
                raise
        return visit.go(f"/app/bulk/{bulk_id}")

    return [bulk_page, bulk_part, cancel]


async def _shown(visit: Visit, bulk_id: UUID, cursor: str | None) -> dict[str, Any]:
    bulk, items = await asyncio.gather(
        visit.api.bulk.get_bulk(bulk_id),
        visit.api.bulk.list_bulk_items(bulk_id, cursor=cursor or None, limit=_PAGE).first(),
    )
    return {
        "bulk": bulk,
        "items": items.items,
        "next_cursor": items.next_cursor,
        "cursor": cursor or "",
        "ended": ENDED,
    }
