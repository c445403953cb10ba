"""Stripe's pages, customers, and the end of subscriptions and checkouts, through its SDK."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from oslira_shared.errors import OsliraError

from oslira_billing.application.ports import CustomerDeletedError, OpenPage
from oslira_billing.infrastructure.stripe_api import Call, StripeApiObjects

_PAGE: Final = 100


class StripeSales:
    """Implements Checkouts and Endings."""

    def __init__(self, stripe: StripeApiObjects) -> None:
        self._stripe = stripe

    async def create_customer(self, account_id: UUID, *, number: int) -> str:
        # A repeated request within a day (after a crash, or two at once) returns the same customer; under the same key it would
        # also return one that was deleted since.
        key = f"customer:{account_id}" + (f":{number}" if number else "")
        made = await self._make(
            lambda v1: v1.customers.create_async(
                {"metadata": {"account_id": str(account_id)}}, {"idempotency_key": key}
            )
        )
        return made["id"]

    async def open_checkout(self, asked: Mapping[str, Any], *, idempotency_key: str) -> OpenPage:
        parameters: Any = asked
        made = await self._make(
            lambda v1: v1.checkout.sessions.create_async(parameters, {"idempotency_key": idempotency_key})
        )
        return OpenPage(made["id"], made["url"])

    async def open_portal(self, customer_id: str, *, return_url: str) -> OpenPage:
        made = await self._make(
            lambda v1: v1.billing_portal.sessions.create_async(
                {"customer": customer_id, "return_url": return_url}
            )
        )
        return OpenPage(made["id"], made["url"])

    async def cancel_subscription(self, subscription_id: str) -> None:
        """A subscription that has ended no longer exists for Stripe's cancel."""
        without_money_back: Any = {"prorate": False, "invoice_now": False}
        await self._end(lambda v1: v1.subscriptions.cancel_async(subscription_id, without_money_back))

    async def expire_checkouts(self, customer_id: str) -> None:
        asked: Any = {"customer": customer_id, "status": "open", "limit": _PAGE}
        found = await self._end(lambda v1: v1.checkout.sessions.list_async(asked))
        for session in (found or {}).get("data", []):
            session_id: str = session["id"]
            await self._end(lambda v1, id_=session_id: v1.checkout.sessions.expire_async(id_))

    async def _end(self, call: Call) -> dict[str, Any] | None:
        """A checkout that was just paid can't be expired: the next pass finds it no longer open."""
        await self._stripe.connected()
        from stripe import InvalidRequestError  # noqa: PLC0415  # loaded by now

        try:
            return await self._stripe.ask(call)
        except InvalidRequestError as error:
            raise OsliraError("provider_refused", f"Stripe: {error.user_message}") from error

    async def _make(self, call: Call) -> dict[str, Any]:
        """Raises CustomerDeletedError; OsliraError `provider_refused` with Stripe's text: the same request fails again."""
        await self._stripe.connected()
        from stripe import InvalidRequestError  # noqa: PLC0415  # loaded by now

        try:
            return await self._stripe.must(call)
        except InvalidRequestError as error:
            if error.code == "resource_missing" and error.param == "customer":
                raise CustomerDeletedError from error
            message = error.user_message or "without a reason"
            raise OsliraError("provider_refused", f"Stripe refused this order: {message}") from error
