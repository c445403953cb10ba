"""`/app/settings`: webhook endpoints, their deliveries, replay and test."""

from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery
from oslira_client import Forbidden
from oslira_client.generated.webhooks import EndpointOrder

from oslira_gateway.console.forms import field_of
from oslira_gateway.console.visit import Visit, visit_of

EVENTS: Final = ("run.completed", "run.failed", "run.cancelled", "bulk.ended")
_PAGE: Final = 50


def webhook_routes() -> list[Any]:
    """Webhook endpoints."""

    @get("/app/settings")
    async def show(request: Request[Any, Any, Any]) -> Response[str]:
        return await _endpoints(visit_of(request))

    @post("/app/settings/webhooks", status_code=200)
    async def create(request: Request[Any, Any, Any]) -> Response[str]:
        visit = visit_of(request)
        chosen = [str(one) for one in (await request.form()).getall("event", []) if one in EVENTS]
        order = EndpointOrder(
            url=await field_of(request, "url"),
            description=await field_of(request, "description") or None,
            event_types=chosen or list(EVENTS),
        )
        made = await visit.api.webhooks.create_webhook_endpoint(order)
        return await _endpoints(visit, secret=made.secret)

    @get("/app/settings/webhooks/{endpoint_id:uuid}")
    async def endpoint_page(
        request: Request[Any, Any, Any], endpoint_id: FromPath[UUID], cursor: FromQuery[str | None] = None
    ) -> Response[str]:
        visit = visit_of(request)
        endpoint = await visit.api.webhooks.get_webhook_endpoint(endpoint_id)
        page = await visit.api.webhooks.list_webhook_deliveries(
            endpoint_id, cursor=cursor or None, limit=_PAGE
        ).first()
        return await visit.page(
            "webhook.html",
            endpoint=endpoint,
            deliveries=page.items,
            next_cursor=page.next_cursor,
            is_first=not cursor,
        )

    @post("/app/settings/webhooks/{endpoint_id:uuid}/{act:str}", status_code=200)
    async def do(
        request: Request[Any, Any, Any], endpoint_id: FromPath[UUID], act: FromPath[str]
    ) -> Response[str]:
        visit = visit_of(request)
        if act == "rotate":
            return await _endpoints(
                visit, secret=(await visit.api.webhooks.rotate_webhook_secret(endpoint_id)).secret
            )
        await _do(visit, act, endpoint_id)
        return visit.go("/app/settings" if act == "delete" else f"/app/settings/webhooks/{endpoint_id}")

    @post("/app/settings/webhooks/{endpoint_id:uuid}/deliveries/{delivery_id:uuid}/replay", status_code=200)
    async def replay(
        request: Request[Any, Any, Any], endpoint_id: FromPath[UUID], delivery_id: FromPath[UUID]
    ) -> Response[str]:
        visit = visit_of(request)
        await visit.api.webhooks.replay_webhook_delivery(endpoint_id, delivery_id)
        return visit.go(f"/app/settings/webhooks/{endpoint_id}")

    return [show, create, endpoint_page, do, replay]


async def _do(visit: Visit, act: str, endpoint_id: UUID) -> None:
    """Raises NotFoundException for an act that there is not."""
    webhooks = visit.api.webhooks
    match act:
        case "pause":
            await webhooks.pause_webhook_endpoint(endpoint_id)
        case "resume":
            await webhooks.resume_webhook_endpoint(endpoint_id)
        case "test":
            await webhooks.send_test_webhook(endpoint_id)
        case "delete":
            await webhooks.delete_webhook_endpoint(endpoint_id)
        case _:
            raise NotFoundException


async def _endpoints(visit: Visit, *, secret: str = "") -> Response[str]:
    try:
        endpoints = (await visit.api.webhooks.list_webhook_endpoints().first()).items
    except Forbidden:
        endpoints = None
    return await visit.page("settings.html", endpoints=endpoints, secret=secret, events=EVENTS)
