"""Webhooks. Generated from docs/generated/openapi.json: `make openapi`."""

from datetime import datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

from oslira_client.calls import Calls, path_of
from oslira_client.paging import Pages
from oslira_client.shapes import Answer, Order

EventType: TypeAlias = Literal["run.completed", "run.failed", "run.cancelled", "bulk.ended"] | str


WebhooksAnswerProblem: TypeAlias = (
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
    code: WebhooksAnswerProblem
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
    """A URL to be told at, and of what: everything, unless `event_types` says less."""

    url: str
    description: str | None = None
    event_types: list[EventType] | None = None


class EndpointChange(Order):
    """What is left out stays as it is."""

    description: str | None = None
    event_types: list[EventType] | None = None
    url: str | None = None


class DeliveryView(Answer):
    created_at: datetime
    delivered_at: datetime | None
    delivery_id: UUID
    event_id: UUID
    event_type: str
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
        """`GET /v1/webhook-endpoints`"""
        return self._calls.pages("/v1/webhook-endpoints", EndpointView)

    async def create_webhook_endpoint(self, body: EndpointOrder) -> EndpointWithSecret:
        """`POST /v1/webhook-endpoints`"""
        return await self._calls.send("POST", "/v1/webhook-endpoints", {201: EndpointWithSecret}, body=body)

    async def read_webhook_endpoint(self, webhook_endpoint_id: UUID | str) -> EndpointView:
        """`GET /v1/webhook-endpoints/{webhook_endpoint_id}`"""
        return await self._calls.read(
            path_of("/v1/webhook-endpoints/{webhook_endpoint_id}", webhook_endpoint_id=webhook_endpoint_id),
            {200: EndpointView},
        )

    async def change_webhook_endpoint(
        self, webhook_endpoint_id: UUID | str, body: EndpointChange
    ) -> EndpointView:
        """`PATCH /v1/webhook-endpoints/{webhook_endpoint_id}`"""
        return await self._calls.send(
            "PATCH",
            path_of("/v1/webhook-endpoints/{webhook_endpoint_id}", webhook_endpoint_id=webhook_endpoint_id),
            {200: EndpointView},
            body=body,
        )

    async def delete_webhook_endpoint(self, webhook_endpoint_id: UUID | str) -> None:
        """`DELETE /v1/webhook-endpoints/{webhook_endpoint_id}`"""
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
        """`GET /v1/webhook-endpoints/{webhook_endpoint_id}/deliveries`"""
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
        """`POST /v1/webhook-endpoints/{webhook_endpoint_id}/deliveries/{delivery_id}/replay`"""
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
        """`POST /v1/webhook-endpoints/{webhook_endpoint_id}/pause`"""
        return await self._calls.send(
            "POST",
            path_of(
                "/v1/webhook-endpoints/{webhook_endpoint_id}/pause", webhook_endpoint_id=webhook_endpoint_id
            ),
            {200: EndpointView},
        )

    async def resume_webhook_endpoint(self, webhook_endpoint_id: UUID | str) -> EndpointView:
        """`POST /v1/webhook-endpoints/{webhook_endpoint_id}/resume`"""
        return await self._calls.send(
            "POST",
            path_of(
                "/v1/webhook-endpoints/{webhook_endpoint_id}/resume", webhook_endpoint_id=webhook_endpoint_id
            ),
            {200: EndpointView},
        )

    async def rotate_webhook_secret(self, webhook_endpoint_id: UUID | str) -> EndpointWithSecret:
        """`POST /v1/webhook-endpoints/{webhook_endpoint_id}/rotate-secret`"""
        return await self._calls.send(
            "POST",
            path_of(
                "/v1/webhook-endpoints/{webhook_endpoint_id}/rotate-secret",
                webhook_endpoint_id=webhook_endpoint_id,
            ),
            {200: EndpointWithSecret},
        )

    async def send_test_webhook(self, webhook_endpoint_id: UUID | str) -> DeliveryView:
        """`POST /v1/webhook-endpoints/{webhook_endpoint_id}/test`"""
        return await self._calls.send(
            "POST",
            path_of(
                "/v1/webhook-endpoints/{webhook_endpoint_id}/test", webhook_endpoint_id=webhook_endpoint_id
            ),
            {202: DeliveryView},
        )
