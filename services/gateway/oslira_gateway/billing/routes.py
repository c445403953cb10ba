"""`/v1/billing`: buy, manage, see."""

from dataclasses import dataclass, replace
from typing import Annotated, Any, Final, Literal

from litestar import Request, get, post
from litestar.params import HeaderParameter, JSONBody
from oslira_shared.ids import derived_id, new_id
from pydantic import BaseModel, ConfigDict, Field

from oslira_gateway.billing.ports import PaymentProblem, Sales, Subscription, Subscriptions
from oslira_gateway.http.auth import member_of
from oslira_gateway.http.documented import refuses
from oslira_gateway.http.rate_limits import LIMIT
from oslira_gateway.identity.permissions import Action, may, needs
from oslira_gateway.limits.policies import RouteClass

_BUYING_REFUSALS: Final = ("forbidden", "invalid_return_url", "provider_unavailable", "provider_refused")


class CheckoutOrder(BaseModel):
    """A plan by month or year, or a pack. Both URLs have to lie under the application's own address."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    plan: str | None = Field(default=None, max_length=60)
    interval: Literal["month", "year"] = "month"
    pack: str | None = Field(default=None, max_length=60)
    success_url: str | None = Field(default=None, max_length=2_000)
    cancel_url: str | None = Field(default=None, max_length=2_000)


class PortalOrder(BaseModel):
    """Where the user comes back to, under the application's own address."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    return_url: str | None = Field(default=None, max_length=2_000)


@dataclass(frozen=True, slots=True)
class PageView:
    """A page of Stripe's to send the user to."""

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
        status_code=200,
        opt=needs(Action.BUY) | {LIMIT: RouteClass.COSTLY},
        tags=["billing"],
        responses=refuses(*_BUYING_REFUSALS, "not_for_sale", "already_subscribed", "idempotency_key_reused"),
    )
    async def start_checkout(
        request: Request[Any, Any, Any],
        data: JSONBody[CheckoutOrder],
        idempotency_key: Annotated[
            str | None, HeaderParameter(name="Idempotency-Key", min_length=1, max_length=255)
        ] = None,
    ) -> PageView:
        member = member_of(request)
        # Stripe takes fewer characters in a key than a header may hold.
        key = derived_id("checkout", idempotency_key) if idempotency_key else new_id()
        return PageView(await sales.checkout(member.account_id, data.model_dump(), request_key=str(key)))

    @post(
        "/billing/portal",
        status_code=200,
        opt=needs(Action.BUY) | {LIMIT: RouteClass.COSTLY},
        tags=["billing"],
        responses=refuses(*_BUYING_REFUSALS, "no_customer"),
    )
    async def open_portal(request: Request[Any, Any, Any], data: JSONBody[PortalOrder]) -> PageView:
        return PageView(await sales.portal(member_of(request).account_id, return_url=data.return_url))

    @get("/billing/subscription", tags=["billing"])
    async def read_subscription(request: Request[Any, Any, Any]) -> SubscriptionView:
        member = member_of(request)
        problems = await subscriptions.problems_of(member)
        if not may(member, Action.BUY):
            problems = [replace(problem, pay_url=None) for problem in problems]
        return SubscriptionView(await subscriptions.of(member), problems)

    return [start_checkout, open_portal, read_subscription]
