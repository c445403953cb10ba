"""Webhooks. Generated from docs/generated/openapi.json: `make openapi`."""

from datetime import datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

from oslira_client.calls import Calls, path_of
from oslira_client.paging import Pages
from oslira_client.shapes import Answer, Order

EventType: TypeAlias = Literal["run.completed", "run.failed", "run.cancelled", "bulk.ended"] | str


DeliveryProblem: TypeAlias = (
    Literal[
        "status",
        "redirect",
        "gone",
        "timeout",
        "name_not_found",
        "address_refused",
        "tls_failed",
        "connection_failed",
        "secret_unreadable",
        "attempts_used_up",
    ]
    | str
)


class TryProblem(Answer):
    code: DeliveryProblem
    detail: str


class EndpointView(Answer):
    created_at: datetime
    description: str | None
    event_types: list[EventType]
    failing_since: datetime | None
    failure_count: int
    last_delivered_at: datetime | None
    last_problem: TryProblem | None
    previous_secret_valid_until: datetime | None
    status: Literal["active", "paused", "disabled"] | str
    status_reason: Literal["by_owner", "failing", "gone"] | str | None
    updated_at: datetime
    url: str
    webhook_endpoint_id: UUID


class EndpointWithSecret(Answer):
    secret: str
    webhook_endpoint: EndpointView


class EndpointOrder(Order):
    """A URL that receives events: all types, unless `event_types` selects some."""

    url: str
    description: str | None = None
    event_types: list[EventType] | None = None


class EndpointChange(Order):
    """Fields that are left out stay as they are."""

    description: str | None = None
    event_types: list[EventType] | None = None
    url: str | None = None


class DeliveryView(Answer):
    created_at: datetime
    delivered_at: datetime | None
    delivery_id: UUID
    event_id: UUID
    event_type: Literal["run.completed", "run.failed", "run.cancelled", "bulk.ended", "ping"] | str
    last_tried_at: datetime | None
    next_try_at: datetime | None
    payload: dict[str, Any]
    problem: TryProblem | None
    response_status: int | None
    status: Literal["pending", "held", "delivered", "failed", "expired"] | str
    tries: int
    webhook_endpoint_id: UUID


class WebhooksApi:
    """`client.webhooks`."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def list_webhook_endpoints(self) -> Pages[EndpointView]:
        """`GET /v1/webhook-endpoints`.

        The account's webhook endpoints.
        """
        return self._calls.pages("/v1/webhook-endpoints", EndpointView)

    async def create_webhook_endpoint(self, body: EndpointOrder) -> EndpointWithSecret:
        """`POST /v1/webhook-endpoints`.

        Add a webhook endpoint. Its signing secret is in this answer only.
        """
        return await self._calls.send("POST", "/v1/webhook-endpoints", {201: EndpointWithSecret}, body=body)

    async def get_webhook_endpoint(self, webhook_endpoint_id: UUID | str) -> EndpointView:
        """`GET /v1/webhook-endpoints/{webhook_endpoint_id}`.

        One webhook endpoint: its state, and its last problem.
        """
        return await self._calls.read(
            path_of("/v1/webhook-endpoints/{webhook_endpoint_id}", webhook_endpoint_id=webhook_endpoint_id),
            {200: EndpointView},
        )

    async def update_webhook_endpoint(
        self, webhook_endpoint_id: UUID | str, body: EndpointChange
    ) -> EndpointView:
        """`PATCH /v1/webhook-endpoints/{webhook_endpoint_id}`.

        Change an endpoint's URL, event types or description. Fields that are left out stay as they are.
        """
        return await self._calls.send(
            "PATCH",
            path_of("/v1/webhook-endpoints/{webhook_endpoint_id}", webhook_endpoint_id=webhook_endpoint_id),
            {200: EndpointView},
            body=body,
        )

    async def delete_webhook_endpoint(self, webhook_endpoint_id: UUID | str) -> None:
        """`DELETE /v1/webhook-endpoints/{webhook_endpoint_id}`.

        Delete a webhook endpoint. Its pending deliveries are dropped.
        """
        await self._calls.do(
            "DELETE",
            path_of("/v1/webhook-endpoints/{webhook_endpoint_id}", webhook_endpoint_id=webhook_endpoint_id),
        )

    def list_webhook_deliveries(
        self,
        webhook_endpoint_id: UUID | str,
        *,
        status: Literal["pending", "held", "delivered", "failed", "expired"] | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> Pages[DeliveryView]:
        """`GET /v1/webhook-endpoints/{webhook_endpoint_id}/deliveries`.

        The endpoint's deliveries, newest first: what was sent, and what failed and why.
        """
        return self._calls.pages(
            path_of(
                "/v1/webhook-endpoints/{webhook_endpoint_id}/deliveries",
                webhook_endpoint_id=webhook_endpoint_id,
            ),
            DeliveryView,
            {"status": status, "cursor": cursor, "limit": limit},
        )

    async def replay_webhook_delivery(
        self, webhook_endpoint_id: UUID | str, delivery_id: UUID | str
    ) -> DeliveryView:
        """`POST /v1/webhook-endpoints/{webhook_endpoint_id}/deliveries/{delivery_id}/replay`.

        Send a delivery again, with the same event id.
        """
        return await self._calls.send(
            "POST",
            path_of(
                "/v1/webhook-endpoints/{webhook_endpoint_id}/deliveries/{delivery_id}/replay",
                webhook_endpoint_id=webhook_endpoint_id,
                delivery_id=delivery_id,
            ),
            {202: DeliveryView},
        )

    async def pause_webhook_endpoint(self, webhook_endpoint_id: UUID | str) -> EndpointView:
        """`POST /v1/webhook-endpoints/{webhook_endpoint_id}/pause`.

        Pause an endpoint. Its deliveries wait until it is resumed, at most three days.
        """
        return await self._calls.send(
            "POST",
            path_of(
                "/v1/webhook-endpoints/{webhook_endpoint_id}/pause", webhook_endpoint_id=webhook_endpoint_id
            ),
            {200: EndpointView},
        )

    async def resume_webhook_endpoint(self, webhook_endpoint_id: UUID | str) -> EndpointView:
        """`POST /v1/webhook-endpoints/{webhook_endpoint_id}/resume`.

        Resume a paused or disabled endpoint. Deliveries that waited are sent.
        """
        return await self._calls.send(
            "POST",
            path_of(
                "/v1/webhook-endpoints/{webhook_endpoint_id}/resume", webhook_endpoint_id=webhook_endpoint_id
            ),
            {200: EndpointView},
        )

    async def rotate_webhook_secret(self, webhook_endpoint_id: UUID | str) -> EndpointWithSecret:
        """`POST /v1/webhook-endpoints/{webhook_endpoint_id}/rotate-secret`.

        Replace the endpoint's signing secret. The new one is in this answer only; both secrets sign for a
        day.
        """
        return await self._calls.send(
            "POST",
            path_of(
                "/v1/webhook-endpoints/{webhook_endpoint_id}/rotate-secret",
                webhook_endpoint_id=webhook_endpoint_id,
            ),
            {200: EndpointWithSecret},
        )

    async def send_test_webhook(self, webhook_endpoint_id: UUID | str) -> DeliveryView:
        """`POST /v1/webhook-endpoints/{webhook_endpoint_id}/test`.

        Send a `ping` event to the endpoint.
        """
        return await self._calls.send(
            "POST",
            path_of(
                "/v1/webhook-endpoints/{webhook_endpoint_id}/test", webhook_endpoint_id=webhook_endpoint_id
            ),
            {202: DeliveryView},
        )
