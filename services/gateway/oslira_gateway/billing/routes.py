"""`/v1/billing`: buy, manage, see."""

from dataclasses import dataclass, replace
from typing import Annotated, Any, Final, Literal

from litestar import Request, get, post
from litestar.params import HeaderParameter, JSONBody
from oslira_shared.ids import derived_id, new_id
from pydantic import BaseModel, ConfigDict, Field, RootModel

from oslira_gateway.billing.ports import PaymentProblem, Sales, Subscription, Subscriptions
from oslira_gateway.http.auth import member_of
from oslira_gateway.http.documented import refuses
from oslira_gateway.http.rate_limits import LIMIT
from oslira_gateway.identity.permissions import Action, may, needs
from oslira_gateway.limits.policies import RouteClass

_BUYING_REFUSALS: Final = ("forbidden", "invalid_return_url", "provider_unavailable", "provider_refused")


def _one_of(schema: dict[str, Any]) -> None:
    # Each variant rejects the other's fields, so at most one of them matches.
    schema["oneOf"] = schema.pop("anyOf")


ReturnUrl = Annotated[str, Field(min_length=1, max_length=2_000)] | None


class PlanOrder(BaseModel):
    """A plan by month or year. Both URLs must be under the application's own address."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    plan: Annotated[str, Field(min_length=1, max_length=60)]
    interval: Literal["month", "year"] = "month"
    success_url: ReturnUrl = None
    cancel_url: ReturnUrl = None


class PackOrder(BaseModel):
    """A pack of credits, once. Both URLs must be under the application's own address."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pack: Annotated[str, Field(min_length=1, max_length=60)]
    success_url: ReturnUrl = None
    cancel_url: ReturnUrl = None


class CheckoutOrder(RootModel[PlanOrder | PackOrder]):
    """A plan or a pack."""

    model_config = ConfigDict(frozen=True, json_schema_extra=_one_of)


class PortalOrder(BaseModel):
    """Where the user returns to, under the application's own address."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    return_url: ReturnUrl = None


@dataclass(frozen=True, slots=True)
class PageView:
    """A page at Stripe to send the user to."""

    url: str


@dataclass(frozen=True, slots=True)
class SubscriptionView:
    """`subscription` is null for an account that never had one."""

    subscription: Subscription | None
    payment_problems: list[PaymentProblem]


def billing_routes(subscriptions: Subscriptions, sales: Sales) -> list[Any]:
    """Routes about buying."""

    @post(
        "/billing/checkout",
        operation_id="createCheckout",
        status_code=200,
        opt=needs(Action.BUY) | {LIMIT: RouteClass.COSTLY},
        tags=["billing"],
        responses=refuses(*_BUYING_REFUSALS, "not_for_sale", "already_subscribed", "idempotency_key_reused"),
    )
    async def start_checkout(
        request: Request[Any, Any, Any],
        data: JSONBody[CheckoutOrder],
        idempotency_key: Annotated[
            str | None,
            HeaderParameter(
                name="Idempotency-Key",
                min_length=1,
                max_length=255,
                description="Names this purchase: sent again with the same key it is one page at Stripe.",
            ),
        ] = None,
    ) -> PageView:
        """Start a purchase of a plan or a pack. The answer is the page at Stripe to send the buyer to."""
        member = member_of(request)
        # Stripe allows fewer characters in a key than a header may have.
        key = derived_id("checkout", idempotency_key) if idempotency_key else new_id()
        return PageView(await sales.checkout(member.account_id, data.root.model_dump(), request_key=str(key)))

    @post(
        "/billing/portal",
        operation_id="createPortalSession",
        status_code=200,
        opt=needs(Action.BUY) | {LIMIT: RouteClass.COSTLY},
        tags=["billing"],
        responses=refuses(*_BUYING_REFUSALS, "no_customer"),
    )
    async def open_portal(request: Request[Any, Any, Any], data: JSONBody[PortalOrder]) -> PageView:
        """Open Stripe's customer portal, where the account changes its plan and card, and cancels."""
        return PageView(await sales.portal(member_of(request).account_id, return_url=data.return_url))

    @get("/billing/subscription", operation_id="getSubscription", tags=["billing"])
    async def read_subscription(request: Request[Any, Any, Any]) -> SubscriptionView:
        """The account's subscription, and the invoices that could not be collected."""
        member = member_of(request)
        problems = await subscriptions.problems_of(member)
        if not may(member, Action.BUY):
            problems = [replace(problem, pay_url=None) for problem in problems]
        return SubscriptionView(await subscriptions.of(member), problems)

    return [start_checkout, open_portal, read_subscription]
