"""`/v1/webhook-endpoints/{id}/deliveries`: list, test and replay deliveries."""

from datetime import UTC, datetime
from typing import Any, Final

from litestar import Request, get, post
from litestar.params import FromPath, FromQuery
from oslira_shared.ids import new_id

from oslira_gateway.http.auth import member_of, path_id
from oslira_gateway.http.documented import refuses
from oslira_gateway.http.listing import DEFAULT_LIMIT, Cursor, CursorText, Limit, Page
from oslira_gateway.identity.permissions import Action, needs
from oslira_gateway.webhooks.event import PING, Event
from oslira_gateway.webhooks.ports import Deliveries, Endpoints
from oslira_gateway.webhooks.views import DeliveryStatus, DeliveryView, delivery_view

_NEEDS: Final = needs(Action.MANAGE_WEBHOOKS)
_TAGS: Final = ["webhooks"]
_NOT_FOUND: Final = "webhook_endpoint_not_found"
_DELIVERY_NOT_FOUND: Final = "webhook_delivery_not_found"
_ONE: Final = "/webhook-endpoints/{webhook_endpoint_id:str}"


def delivery_routes(endpoints: Endpoints, deliveries: Deliveries) -> list[Any]:
    """Routes about deliveries."""

    @get(
        f"{_ONE}/deliveries",
        operation_id="listWebhookDeliveries",
        opt=_NEEDS,
        tags=_TAGS,
        responses=refuses(_NOT_FOUND),
    )
    async def list_webhook_deliveries(
        request: Request[Any, Any, Any],
        webhook_endpoint_id: FromPath[str],
        status: FromQuery[DeliveryStatus | None] = None,
        cursor: CursorText = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> Page[DeliveryView]:
        """The endpoint's deliveries, newest first: what was sent, and what failed and why."""
        member, endpoint_id = member_of(request), path_id(webhook_endpoint_id, _NOT_FOUND)
        after = Cursor.decode(cursor) if cursor is not None else None
        await endpoints.get(member, endpoint_id)  # another account's endpoint is an error, not an empty list
        found = await deliveries.of(member, endpoint_id, status=status, after=after, limit=limit + 1)
        last = found[limit - 1] if len(found) > limit else None
        next_cursor = Cursor(last.created_at, last.delivery_id).encode() if last else None
        return Page([delivery_view(one) for one in found[:limit]], next_cursor)

    @post(
        f"{_ONE}/test",
        operation_id="sendTestWebhook",
        status_code=202,
        opt=_NEEDS,
        tags=_TAGS,
        responses=refuses(_NOT_FOUND, "conflict"),
    )
    async def send_test_webhook(
        request: Request[Any, Any, Any], webhook_endpoint_id: FromPath[str]
    ) -> DeliveryView:
        """Send a `ping` event to the endpoint."""
        member, endpoint_id = member_of(request), path_id(webhook_endpoint_id, _NOT_FOUND)
        data = {"webhook_endpoint_id": endpoint_id}
        event = Event(new_id(), member.account_id, PING, datetime.now(UTC), data)
        return delivery_view(await deliveries.send(member, endpoint_id, event))

    @post(
        f"{_ONE}/deliveries/{{delivery_id:str}}/replay",
        operation_id="replayWebhookDelivery",
        status_code=202,
        opt=_NEEDS,
        tags=_TAGS,
        responses=refuses(_NOT_FOUND, _DELIVERY_NOT_FOUND, "conflict"),
    )
    async def replay_webhook_delivery(
        request: Request[Any, Any, Any], webhook_endpoint_id: FromPath[str], delivery_id: FromPath[str]
    ) -> DeliveryView:
        """Send a delivery again, with the same event id."""
        member, endpoint_id = member_of(request), path_id(webhook_endpoint_id, _NOT_FOUND)
        delivery = await deliveries.replay(member, endpoint_id, path_id(delivery_id, _DELIVERY_NOT_FOUND))
        return delivery_view(delivery)

    return [list_webhook_deliveries, send_test_webhook, replay_webhook_delivery]
