"""Billing. Generated from docs/generated/openapi.json: `make openapi`."""

from datetime import datetime
from typing import Literal

from oslira_client.calls import Calls
from oslira_client.shapes import Answer, Order


class PageView(Answer):
    url: str


class CheckoutOrder(Order):
    """A plan by month or year, or a pack. Both URLs have to lie under the application's own address."""

    cancel_url: str | None = None
    interval: Literal["month", "year"] = "month"
    pack: str | None = None
    plan: str | None = None
    success_url: str | None = None


class PortalOrder(Order):
    """Where the user comes back to, under the application's own address."""

    return_url: str | None = None


class PaymentProblem(Answer):
    next_attempt_at: datetime | None
    pay_url: str | None
    problem: str


class Subscription(Answer):
    cancel_at_period_end: bool
    interval: str | None
    period_end: datetime | None
    period_start: datetime | None
    plan: str
    source: str
    status: str


class SubscriptionView(Answer):
    payment_problems: list[PaymentProblem]
    subscription: Subscription | None


class BillingApi:
    """`client.billing`."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def start_checkout(self, body: CheckoutOrder, *, idempotency_key: str | None = None) -> PageView:
        """`POST /v1/billing/checkout`"""
        return await self._calls.order(
            "/v1/billing/checkout", {200: PageView}, key=idempotency_key, body=body
        )

    async def open_portal(self, body: PortalOrder) -> PageView:
        """`POST /v1/billing/portal`"""
        return await self._calls.send("POST", "/v1/billing/portal", {200: PageView}, body=body)

    async def read_subscription(self) -> SubscriptionView:
        """`GET /v1/billing/subscription`"""
        return await self._calls.read("/v1/billing/subscription", {200: SubscriptionView})
