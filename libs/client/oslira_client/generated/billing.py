"""Billing. Generated from docs/generated/openapi.json: `make openapi`."""

from datetime import datetime
from typing import Literal, TypeAlias

from oslira_client.calls import Calls
from oslira_client.shapes import Answer, Order


class PageView(Answer):
    url: str


class PlanOrder(Order):
    """A plan by month or year. Both URLs must be under the application's own address."""

    plan: str
    cancel_url: str | None = None
    interval: Literal["month", "year"] = "month"
    success_url: str | None = None


class PackOrder(Order):
    """A pack of credits, once. Both URLs must be under the application's own address."""

    pack: str
    cancel_url: str | None = None
    success_url: str | None = None


CheckoutOrder: TypeAlias = PlanOrder | PackOrder


class PortalOrder(Order):
    """Where the user returns to, under the application's own address."""

    return_url: str | None = None


class PaymentProblem(Answer):
    next_attempt_at: datetime | None
    pay_url: str | None
    problem: Literal["payment_failed", "payment_action_required"] | str


class Subscription(Answer):
    cancel_at_period_end: bool
    interval: Literal["month", "year"] | str | None
    period_end: datetime | None
    period_start: datetime | None
    plan: str
    source: Literal["stripe", "manual"] | str
    status: str


class SubscriptionView(Answer):
    payment_problems: list[PaymentProblem]
    subscription: Subscription | None


class BillingApi:
    """`client.billing`."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def create_checkout(self, body: CheckoutOrder, *, idempotency_key: str | None = None) -> PageView:
        """`POST /v1/billing/checkout`.

        Start a purchase of a plan or a pack. The answer is the page at Stripe to send the buyer to.
        """
        return await self._calls.order(
            "/v1/billing/checkout", {200: PageView}, key=idempotency_key, body=body
        )

    async def create_portal_session(self, body: PortalOrder) -> PageView:
        """`POST /v1/billing/portal`.

        Open Stripe's customer portal, where the account changes its plan and card, and cancels.
        """
        return await self._calls.send("POST", "/v1/billing/portal", {200: PageView}, body=body)

    async def get_subscription(self) -> SubscriptionView:
        """`GET /v1/billing/subscription`.

        The account's subscription, and the invoices that could not be collected.
        """
        return await self._calls.read("/v1/billing/subscription", {200: SubscriptionView})
