"""Stripe's lists by time, page by page."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from math import ceil
from typing import Any, Final

from oslira_shared.errors import OsliraError

from oslira_billing.application.money_ports import Page
from oslira_billing.domain.fields import StripeObject, number, reference, rows, text
from oslira_billing.infrastructure.stripe_api import MOST_TYPES, PAGE, StripeApiObjects

_List = Callable[[Any, Any], Awaitable[Any]]
# Objects that are never paid, and ended subscriptions, need their own status to be listed or left out.
_LISTS: Final[Mapping[str, tuple[_List, Mapping[str, Any]]]] = {
    "event": (lambda v1, asked: v1.events.list_async(asked), {}),
    "invoice": (lambda v1, asked: v1.invoices.list_async(asked), {"status": "paid"}),
    "checkout.session": (lambda v1, asked: v1.checkout.sessions.list_async(asked), {}),
    "subscription": (lambda v1, asked: v1.subscriptions.list_async(asked), {"status": "all"}),
    "refund": (lambda v1, asked: v1.refunds.list_async(asked), {}),
    "dispute": (lambda v1, asked: v1.disputes.list_async(asked), {}),
    "credit_note": (lambda v1, asked: v1.credit_notes.list_async(asked), {}),
}


class StripeLists:
    """Implements MoneyLists."""

    def __init__(self, stripe: StripeApiObjects) -> None:
        self._stripe = stripe

    async def page(
        self,
        kind: str,
        start: datetime,
        end: datetime,
        *,
        types: Sequence[str] = (),
        after: str | None = None,
    ) -> Page:
        listed, words = _LISTS[kind]
        # Stripe's times are whole seconds: the second of `end` is included, or the current one would be left out.
        created = {"gte": int(start.timestamp()), "lt": ceil(end.timestamp())}
        asked: dict[str, Any] = {**words, "created": created, "limit": PAGE}
        if types:
            asked["types"] = list(types)
        if after is not None:
            asked["starting_after"] = after
        page = await self._stripe.ask(lambda v1: listed(v1, asked))
        if page is None:
            raise OsliraError("provider_unavailable", f"Stripe has no list of {kind} after {after}")
        objects: list[StripeObject] = page["data"]
        is_last = not objects or not page["has_more"]
        return Page(objects, None if is_last else text(objects[-1], "id"))

    async def created(
        self, kind: str, start: datetime, end: datetime, *, types: Sequence[str] = ()
    ) -> AsyncIterator[StripeObject]:
        for first in range(0, max(1, len(types)), MOST_TYPES):
            after: str | None = None
            while True:
                some = types[first : first + MOST_TYPES]
                page = await self.page(kind, start, end, types=some, after=after)
                for described in page.objects:
                    yield described
                if (after := page.after) is None:
                    break

    async def refunded_minor(self, object_: StripeObject) -> int:
        payments = [reference(object_, "payment_intent")]
        if text(object_, "object") == "invoice":
            of_invoice: Any = {"invoice": text(object_, "id"), "limit": PAGE}
            found = await self._stripe.ask(lambda v1: v1.invoice_payments.list_async(of_invoice))
            payments = [reference(one, "payment", "payment_intent") for one in rows({"all": found}, "all")]
        refunded = 0
        for payment in payments:
            if payment is None:
                continue
            of_payment: Any = {"payment_intent": payment, "limit": PAGE}
            charges = await self._stripe.ask(lambda v1, by=of_payment: v1.charges.list_async(by))
            refunded += sum(number(one, "amount_refunded") or 0 for one in rows({"all": charges}, "all"))
        return refunded
