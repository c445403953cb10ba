"""A subscription as Stripe describes it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from oslira_billing.domain.catalogue import Catalogue
from oslira_billing.domain.errors import EventRefusedError
from oslira_billing.domain.fields import StripeObject, at, moment, reference, rows, text

# Stripe's states. A new one is rejected until its meaning for a plan is decided.
STATES: Final = frozenset(
    {"incomplete", "incomplete_expired", "trialing", "active", "past_due", "canceled", "unpaid", "paused"}
)
# A subscription in one of these has ended permanently.
ENDED: Final = frozenset({"canceled", "incomplete_expired"})


@dataclass(frozen=True, slots=True)
class Subscription:
    """Since 2025-03-31 the period is the item's, not the subscription's."""

    id: str
    state: str
    plan: str
    customer_id: str | None
    price_id: str | None
    interval: str | None
    period_start: datetime | None
    period_end: datetime | None
    cancel_at_period_end: bool
    started_at: datetime | None = None
    ended_at: datetime | None = None


def read_subscription(described: StripeObject, catalogue: Catalogue) -> Subscription:
    """Raises EventRefusedError when it has no id, a state we don't know, or a plan we don't sell."""
    subscription_id, state = text(described, "id"), text(described, "status")
    if subscription_id is None or state not in STATES:
        raise EventRefusedError(
            "subscription_malformed", f"{subscription_id} is {state!r}, a state we don't know"
        )
    item, plan = _item(described, catalogue)
    interval = text(item, "price", "recurring", "interval")
    return Subscription(
        id=subscription_id,
        state=state,
        plan=plan,
        customer_id=reference(described, "customer"),
        price_id=reference(item, "price"),
        interval=interval if interval in {"month", "year"} else None,
        period_start=moment(item, "current_period_start"),
        period_end=moment(item, "current_period_end"),
        cancel_at_period_end=at(described, "cancel_at_period_end") is True,
        started_at=moment(described, "start_date"),
        ended_at=moment(described, "ended_at"),
    )


def _item(described: StripeObject, catalogue: Catalogue) -> tuple[StripeObject, str]:
    """The item that gives the plan, the best if several do; others are add-ons. Raises EventRefusedError if none does."""
    items = rows(described, "items") or [{}]
    plans = {
        number: sold.plan
        for number, item in enumerate(items)
        if (price_id := reference(item, "price")) in catalogue.prices or len(items) == 1
        if (sold := catalogue.sold_by(price_id, at(described, "metadata"))).plan is not None
    }
    if not plans:
        raise EventRefusedError("plan_unknown", f"no price of {text(described, 'id')} sells a plan")
    best = max(plans, key=lambda number: catalogue.plans[plans[number]])
    return items[best], plans[best]
