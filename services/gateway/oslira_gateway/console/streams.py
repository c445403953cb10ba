"""`/app/streams/…`: where a page's events are. Their tickets last ten minutes, so the page asks for each connection."""

from typing import Any
from uuid import UUID

from litestar import Request, get
from litestar.params import FromPath

from oslira_gateway.console.visit import visit_of


def stream_routes() -> list[Any]:
    """Addresses of event streams."""

    @get("/app/streams/account")
    async def of_account(request: Request[Any, Any, Any]) -> dict[str, str | None]:
        return {"events_url": (await visit_of(request).api.analyses.get_events_address()).events_url}

    @get("/app/streams/bulk/{bulk_id:uuid}")
    async def of_bulk(request: Request[Any, Any, Any], bulk_id: FromPath[UUID]) -> dict[str, str | None]:
        bulk = await visit_of(request).api.bulk.get_bulk(bulk_id)
        return {"events_url": None if bulk.finished_at else bulk.events_url}

    return [of_account, of_bulk]
