"""`/v1/webhook-endpoints`: where an account receives events."""

from typing import Any, Final

from litestar import Request, delete, get, patch, post
from litestar.params import FromPath, JSONBody

from oslira_gateway.http.auth import member_of, path_id
from oslira_gateway.http.documented import refuses
from oslira_gateway.http.listing import Page
from oslira_gateway.http.strict_request import REPEATS
from oslira_gateway.identity.permissions import Action, needs
from oslira_gateway.webhooks.address import AddressPolicy
from oslira_gateway.webhooks.create_endpoint import CreateEndpoint
from oslira_gateway.webhooks.ports import Endpoints
from oslira_gateway.webhooks.rotate_secret import RotateSecret
from oslira_gateway.webhooks.schedule import LONGEST_WAIT_S
from oslira_gateway.webhooks.views import (
    EndpointChange,
    EndpointOrder,
    EndpointView,
    EndpointWithSecret,
    endpoint_view,
)

_NEEDS: Final = needs(Action.MANAGE_WEBHOOKS)
_TAGS: Final = ["webhooks"]
_NOT_FOUND: Final = "webhook_endpoint_not_found"
_ONE: Final = "/webhook-endpoints/{webhook_endpoint_id:str}"
_REFUSED: Final = refuses(_NOT_FOUND)


def endpoint_routes(
    endpoints: Endpoints, create: CreateEndpoint, rotate: RotateSecret, addresses: AddressPolicy
) -> list[Any]:
    """Routes about endpoints."""

    @get("/webhook-endpoints", operation_id="listWebhookEndpoints", opt=_NEEDS, tags=_TAGS)
    async def list_webhook_endpoints(request: Request[Any, Any, Any]) -> Page[EndpointView]:
        """The account's webhook endpoints."""
        return Page([endpoint_view(one) for one in await endpoints.of(member_of(request))])

    @post(
        "/webhook-endpoints",
        operation_id="createWebhookEndpoint",
        opt=_NEEDS,
        tags=_TAGS,
        responses=refuses("invalid_webhook_url", "limit_reached"),
    )
    async def create_webhook_endpoint(
        request: Request[Any, Any, Any], data: JSONBody[EndpointOrder]
    ) -> EndpointWithSecret:
        """Add a webhook endpoint. Its signing secret is in this answer only."""
        endpoint, secret = await create(
            member_of(request),
            url=data.url,
            event_types=list(dict.fromkeys(data.event_types)),
            description=data.description,
        )
        return EndpointWithSecret(endpoint_view(endpoint), secret)

    @get(_ONE, operation_id="getWebhookEndpoint", opt=_NEEDS, tags=_TAGS, responses=_REFUSED)
    async def read_webhook_endpoint(
        request: Request[Any, Any, Any], webhook_endpoint_id: FromPath[str]
    ) -> EndpointView:
        """One webhook endpoint: its state, and its last problem."""
        member = member_of(request)
        return endpoint_view(await endpoints.get(member, path_id(webhook_endpoint_id, _NOT_FOUND)))

    @patch(
        _ONE,
        operation_id="updateWebhookEndpoint",
        opt=_NEEDS,
        tags=_TAGS,
        responses=refuses(_NOT_FOUND, "invalid_webhook_url"),
    )
    async def change_webhook_endpoint(
        request: Request[Any, Any, Any], webhook_endpoint_id: FromPath[str], data: JSONBody[EndpointChange]
    ) -> EndpointView:
        """Change an endpoint's URL, event types or description. Fields that are left out stay as they are."""
        member = member_of(request)
        if data.url is not None:
            addresses.read(data.url)
        changes = data.model_dump(exclude_none=True)
        changed = await endpoints.change(member, path_id(webhook_endpoint_id, _NOT_FOUND), changes)
        return endpoint_view(changed)

    @delete(_ONE, operation_id="deleteWebhookEndpoint", opt=_NEEDS, tags=_TAGS, responses=_REFUSED)
    async def delete_webhook_endpoint(
        request: Request[Any, Any, Any], webhook_endpoint_id: FromPath[str]
    ) -> None:
        """Delete a webhook endpoint. Its pending deliveries are dropped."""
        await endpoints.remove(member_of(request), path_id(webhook_endpoint_id, _NOT_FOUND))

    @post(
        f"{_ONE}/rotate-secret",
        operation_id="rotateWebhookSecret",
        status_code=200,
        opt=_NEEDS | {REPEATS: True},
        tags=_TAGS,
        responses=_REFUSED,
    )
    async def rotate_webhook_secret(
        request: Request[Any, Any, Any], webhook_endpoint_id: FromPath[str]
    ) -> EndpointWithSecret:
        """Replace the endpoint's signing secret. The new one is in this answer only; both secrets sign for a day."""
        endpoint, secret = await rotate(member_of(request), path_id(webhook_endpoint_id, _NOT_FOUND))
        return EndpointWithSecret(endpoint_view(endpoint), secret)

    @post(
        f"{_ONE}/pause",
        operation_id="pauseWebhookEndpoint",
        status_code=200,
        opt=_NEEDS,
        tags=_TAGS,
        responses=_REFUSED,
    )
    async def pause_webhook_endpoint(
        request: Request[Any, Any, Any], webhook_endpoint_id: FromPath[str]
    ) -> EndpointView:
        """Pause an endpoint. Its deliveries wait until it is resumed, at most three days."""
        member = member_of(request)
        return endpoint_view(await endpoints.pause(member, path_id(webhook_endpoint_id, _NOT_FOUND)))

    @post(
        f"{_ONE}/resume",
        operation_id="resumeWebhookEndpoint",
        status_code=200,
        opt=_NEEDS,
        tags=_TAGS,
        responses=_REFUSED,
    )
    async def resume_webhook_endpoint(
        request: Request[Any, Any, Any], webhook_endpoint_id: FromPath[str]
    ) -> EndpointView:
        """Resume a paused or disabled endpoint. Deliveries that waited are sent."""
        member, endpoint_id = member_of(request), path_id(webhook_endpoint_id, _NOT_FOUND)
        return endpoint_view(await endpoints.resume(member, endpoint_id, longest_wait_s=LONGEST_WAIT_S))

    return [
        list_webhook_endpoints,
        create_webhook_endpoint,
        read_webhook_endpoint,
        change_webhook_endpoint,
        delete_webhook_endpoint,
        rotate_webhook_secret,
        pause_webhook_endpoint,
        resume_webhook_endpoint,
    ]
