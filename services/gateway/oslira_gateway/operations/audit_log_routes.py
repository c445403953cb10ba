"""`GET /v1/admin/acts`: what operators did, newest first."""

from typing import Annotated, Any

from litestar import get
from litestar.params import FromQuery, QueryParameter

from oslira_gateway.operations.admin_urls import Page, Place, page_of
from oslira_gateway.operations.audit_log import AuditLog, OperatorAction


def audit_log_routes(audit_log: AuditLog) -> list[Any]:
    """The audit log, read only: entries are written by the actions themselves."""

    @get("/acts")
    async def list_acts(
        limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50, cursor: FromQuery[str | None] = None
    ) -> Page[OperatorAction]:
        place = Place.read(cursor)
        found = await audit_log.newest(limit=limit + 1, before=(place.at, place.id) if place else None)
        return page_of(found, limit=limit, place_of=lambda act: Place(act.begun_at, act.act_id))

    return [list_acts]
