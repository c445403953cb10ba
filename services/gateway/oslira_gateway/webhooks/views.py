"""Endpoints and deliveries as the API shows them."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from oslira_gateway.webhooks.answer import DETAILS, DeliveryProblem
from oslira_gateway.webhooks.event import EventType
from oslira_gateway.webhooks.ports import Delivery, Endpoint

EndpointStatus = Literal["active", "paused", "disabled"]
StatusReason = Literal["by_owner", "failing", "gone"]
DeliveryEventType = Literal["run.completed", "run.failed", "run.cancelled", "bulk.ended", "ping"]
DeliveryStatus = Literal["pending", "held", "delivered", "failed", "expired"]


class EndpointOrder(BaseModel):
    """A URL that receives events: all types, unless `event_types` selects some."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(min_length=1, max_length=2_000)
    event_types: list[EventType] = Field(default=list(EventType), min_length=1, max_length=20)
    description: str | None = Field(default=None, max_length=200)


class EndpointChange(BaseModel):
    """Fields that are left out stay as they are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str | None = Field(default=None, min_length=1, max_length=2_000)
    event_types: list[EventType] | None = Field(default=None, min_length=1, max_length=20)
    description: str | None = Field(default=None, max_length=200)


@dataclass(frozen=True, slots=True)
class TryProblem:
    """Why an attempt failed; `detail` says what to do about it."""

    code: DeliveryProblem
    detail: str


@dataclass(frozen=True, slots=True)
class EndpointView:
    """A webhook endpoint.

    `status`: active; paused (deliveries wait until it is resumed, three days at most); disabled (none are created).
    `failure_count`: failed attempts since the last success. `previous_secret_valid_until`: after a rotation both secrets sign until
    then.
    """

    webhook_endpoint_id: UUID
    url: str
    description: str | None
    event_types: list[EventType]
    status: EndpointStatus
    status_reason: StatusReason | None
    failure_count: int
    failing_since: datetime | None
    last_problem: TryProblem | None
    last_delivered_at: datetime | None
    previous_secret_valid_until: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class EndpointWithSecret:
    """The secret is shown only here."""

    webhook_endpoint: EndpointView
    secret: str


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """One event for one endpoint. `event_id` is what the receiver sees as `webhook-id`; `payload` is the body that is sent."""

    delivery_id: UUID
    webhook_endpoint_id: UUID
    event_id: UUID
    event_type: DeliveryEventType
    status: DeliveryStatus
    tries: int
    response_status: int | None
    problem: TryProblem | None
    last_tried_at: datetime | None
    next_try_at: datetime | None
    delivered_at: datetime | None
    created_at: datetime
    payload: dict[str, Any]


def endpoint_view(endpoint: Endpoint) -> EndpointView:
    """The view for members."""
    return EndpointView(
        webhook_endpoint_id=endpoint.endpoint_id,
        url=endpoint.url,
        description=endpoint.description,
        event_types=[EventType(one) for one in endpoint.event_types],
        status=endpoint.state,  # pyright: ignore[reportArgumentType]  # the table's own check
        status_reason=endpoint.state_reason,  # pyright: ignore[reportArgumentType]
        failure_count=endpoint.failure_count,
        failing_since=endpoint.failing_since,
        last_problem=_problem(endpoint.last_problem),
        last_delivered_at=endpoint.last_delivered_at,
        previous_secret_valid_until=endpoint.old_secret_until,
        created_at=endpoint.created_at,
        updated_at=endpoint.updated_at,
    )


def delivery_view(delivery: Delivery) -> DeliveryView:
    """The view for members."""
    return DeliveryView(
        delivery_id=delivery.delivery_id,
        webhook_endpoint_id=delivery.endpoint_id,
        event_id=delivery.event_id,
        event_type=delivery.event_type,  # pyright: ignore[reportArgumentType]
        status=delivery.status,  # pyright: ignore[reportArgumentType]  # the table's own check
        tries=delivery.tries,
        response_status=delivery.response_status,
        problem=_problem(delivery.problem),
        last_tried_at=delivery.last_tried_at,
        next_try_at=delivery.next_try_at,
        delivered_at=delivery.delivered_at,
        created_at=delivery.created_at,
        payload=json.loads(delivery.body),
    )


def _problem(code: str | None) -> TryProblem | None:
    return None if code is None else TryProblem(DeliveryProblem(code), DETAILS[DeliveryProblem(code)])
