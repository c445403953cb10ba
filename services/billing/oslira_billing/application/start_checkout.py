"""Sell a plan or a pack: a page of Stripe's, for a customer of exactly one account."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from oslira_shared.errors import OsliraError

from oslira_billing.application.ports import Checkouts, CustomerDeletedError, OpenPage, Shop
from oslira_billing.domain.return_url import under

_INTERVALS: Final = frozenset({"month", "year"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """`plan` at `interval`, or `pack`. URLs that are None are the application's own. `key` is the idempotency key."""

    account_id: UUID
    plan: str | None
    interval: str
    pack: str | None
    success_url: str | None
    cancel_url: str | None
    key: str


@dataclass(frozen=True, slots=True)
class StartCheckout:
    """Raises OsliraError: invalid_request, invalid_return_url, not_for_sale, already_subscribed, provider_unavailable,
    provider_refused.
    """  # noqa: D205

    shop: Shop
    checkouts: Checkouts
    app_url: str

    async def __call__(self, order: Order) -> OpenPage:
        if (order.plan is None) == (order.pack is None) or order.interval not in _INTERVALS:
            raise OsliraError("invalid_request", "Ask for a plan, by month or year, or for a pack.")
        urls = {
            "success_url": self._url(order.success_url, "/billing?checkout=success"),
            "cancel_url": self._url(order.cancel_url, "/billing?checkout=cancelled"),
        }
        interval = order.interval if order.plan else None
        price_id = await self.shop.price_of(plan=order.plan, interval=interval, pack=order.pack)
        if price_id is None:
            raise OsliraError("not_for_sale", f"{order.plan or order.pack} can't be bought.")
        if order.plan and await self.shop.is_subscribed(order.account_id):
            # A second one would bill twice; the portal changes the first.
            raise OsliraError(
                "already_subscribed", "This account has a subscription: change it in the portal."
            )
        asked = {**_session(order, price_id), **urls}
        customer_id = await self._customer(order.account_id)
        try:
            return await self._open(order, asked, customer_id)
        except CustomerDeletedError:
            # The customer was deleted at Stripe. The account must still be able to buy.
            await self.shop.mark_customer_deleted(customer_id)
        try:
            return await self._open(order, asked, await self._customer(order.account_id))
        except CustomerDeletedError as error:
            raise OsliraError("provider_unavailable", "Stripe has no new customer yet; try again.") from error

    async def _open(self, order: Order, asked: Mapping[str, Any], customer_id: str) -> OpenPage:
        # Stripe binds a key to one set of parameters, and the customer is one of them.
        key = f"checkout:{order.account_id}:{order.key}:{customer_id}"
        return await self.checkouts.open_checkout({**asked, "customer": customer_id}, idempotency_key=key)

    async def _customer(self, account_id: UUID) -> str:
        """Stored before anything is bought, so that every event of this customer finds this account."""
        known = await self.shop.customer_of(account_id)
        if known is not None:
            return known
        number = await self.shop.customers_made(account_id)
        made = await self.checkouts.create_customer(account_id, number=number)
        await self.shop.link_customer(made, account_id)
        return made

    def _url(self, wanted: str | None, own: str) -> str:
        return self.app_url.rstrip("/") + own if wanted is None else under(self.app_url, wanted)


@dataclass(frozen=True, slots=True)
class OpenPortal:
    """Raises OsliraError: invalid_return_url, no_customer, provider_unavailable, provider_refused."""

    shop: Shop
    checkouts: Checkouts
    app_url: str

    async def __call__(self, account_id: UUID, return_url: str | None) -> OpenPage:
        own = self.app_url.rstrip("/") + "/billing"
        back = own if return_url is None else under(self.app_url, return_url)
        customer_id = await self.shop.customer_of(account_id)
        if customer_id is None:
            raise OsliraError(
                "no_customer", "This account has bought nothing yet, so there is nothing to manage."
            )
        try:
            return await self.checkouts.open_portal(customer_id, return_url=back)
        except CustomerDeletedError as error:
            await self.shop.mark_customer_deleted(customer_id)
            raise OsliraError(
                "no_customer", "Stripe has no customer of this account any more: there is nothing to manage."
            ) from error


def _session(order: Order, price_id: str) -> Mapping[str, Any]:
    """What the session sells, and its account: on the session, and on the resulting subscription or payment."""
    sells = {"plan": order.plan} if order.plan else {"pack": order.pack}
    metadata = {"account_id": str(order.account_id), **sells}
    carried = "subscription_data" if order.plan else "payment_intent_data"
    return {
        "mode": "subscription" if order.plan else "payment",
        "line_items": [{"price": price_id, "quantity": 1}],
        "client_reference_id": str(order.account_id),
        "metadata": metadata,
        carried: {"metadata": metadata},
    }
