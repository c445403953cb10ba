"""`/v1/admin/failed`: failed work, its reason, and its replay."""

from typing import Annotated, Any, Literal
from uuid import UUID

from litestar import Request, get, post
from litestar.params import FromPath, FromQuery, QueryParameter
from oslira_shared.contracts.failed import FailedDetail, FailedItem, FailedQuery

from oslira_gateway.operations.admin_app import operator_of
from oslira_gateway.operations.admin_urls import Page, Place, page_of
from oslira_gateway.operations.audit_log import AuditLog, recorded
from oslira_gateway.operations.failed_work import FailedWork, Replayed


def failed_routes(failed: FailedWork, audit_log: AuditLog) -> list[Any]:
    """List, show, replay."""

    @get("/failed")
    async def list_failed(
        *,
        kind: FromQuery[Literal["run", "webhook"] | None] = None,
        cause: FromQuery[Literal["fault", "verdict"] | None] = None,
        code: Annotated[str | None, QueryParameter(max_length=100)] = None,
        account_id: FromQuery[UUID | None] = None,
        limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
        cursor: FromQuery[str | None] = None,
    ) -> Page[FailedItem]:
        place = Place.read(cursor)
        query = FailedQuery(
            limit=limit + 1,
            before_at=place.at if place else None,
            before_id=place.id if place else None,
            account_id=account_id,
            code=code,
            is_verdict=None if cause is None else cause == "verdict",
        )
        found = await failed.newest(query, kind=kind)
        return page_of(found, limit=limit, place_of=lambda item: Place(item.at, item.id))

    @get("/failed/{item_id:uuid}")
    async def show_failed(request: Request[Any, Any, Any], item_id: FromPath[UUID]) -> FailedDetail:
        async with recorded(audit_log, operator_of(request), "show_failed", id=str(item_id)):
            return await failed.show(item_id)

    @post("/failed/{item_id:uuid}/replay", status_code=202)
    async def replay_failed(request: Request[Any, Any, Any], item_id: FromPath[UUID]) -> Replayed:
        async with recorded(audit_log, operator_of(request), "replay", id=str(item_id)):
            return await failed.replay(item_id)

    return [list_failed, show_failed, replay_failed]
