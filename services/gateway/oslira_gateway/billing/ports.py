"""The ports of billing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol
from uuid import UUID

from oslira_gateway.identity.caller import Member


@dataclass(frozen=True, slots=True)
class PaymentProblem:
    """An invoice that could not be collected. `payment_action_required`: its owner has to confirm the payment.

    `pay_url` is Stripe's page for it, only for members who may buy.
    """

    problem: Literal["payment_failed", "payment_action_required"]
    pay_url: str | None
    next_attempt_at: datetime | None


@dataclass(frozen=True, slots=True)
class Subscription:
    """An account's subscription. `status` is Stripe's; `interval` is null if nothing is paid by month or year."""

    plan: str
    status: str
    source: Literal["stripe", "manual"]
    interval: Literal["month", "year"] | None
    period_start: datetime | None
    period_end: datetime | None
    cancel_at_period_end: bool


class Subscriptions(Protocol):
    """An account's subscription, as members see it."""

    async def of(self, member: Member) -> Subscription | None:
        """The live one; without one, the latest."""
        ...

    async def problems_of(self, member: Member) -> list[PaymentProblem]:
        """Open invoices that could not be collected, oldest first."""
        ...


class Sales(Protocol):
    """Stripe's pages, opened by billing. Raises billing's OsliraError, or `unavailable` without an answer."""

    async def checkout(self, account_id: UUID, order: Mapping[str, Any], *, request_key: str) -> str:
        """The page's URL. `order`: the fields of CheckoutRequest for the product and the return URLs."""
        ...

    async def portal(self, account_id: UUID, *, return_url: str | None) -> str:
        """The page's URL."""
        ...
