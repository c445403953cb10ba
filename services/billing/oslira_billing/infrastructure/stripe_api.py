"""Stripe's API through its SDK, which is loaded at the first call: its import must not delay readiness."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from oslira_shared.deadline import DeadlineExceeded, within
from oslira_shared.errors import OsliraError
from oslira_shared.outside_text import storable_json
from oslira_shared.secrets import Secret

from oslira_billing.domain.event import API_VERSION
from oslira_billing.domain.fields import StripeObject, reference, rows

if TYPE_CHECKING:
    from stripe import HTTPXClient, StripeClient

# A dispute may need five requests within its event's lease: a slower Stripe would cost us the lease each time.
_TIMEOUT_S: Final = 5
PAGE: Final = 100
MOST_TYPES: Final = 20
# The SDK's resource under `v1`, for one object.
Call: TypeAlias = Callable[[Any], Awaitable[Any]]
# The SDK's resource of each kind of object.
_RESOURCES: Final[Mapping[str, Callable[[Any], Any]]] = {
    "subscription": lambda v1: v1.subscriptions,
    "invoice": lambda v1: v1.invoices,
    "invoice_payment": lambda v1: v1.invoice_payments,
    "checkout.session": lambda v1: v1.checkout.sessions,
    "charge": lambda v1: v1.charges,
    "refund": lambda v1: v1.refunds,
    "dispute": lambda v1: v1.disputes,
    "credit_note": lambda v1: v1.credit_notes,
}


class StripeApiObjects:
    """Implements StripeObjects and MissedEvents."""

    def __init__(self, *, api_key: Secret, api_base: str) -> None:
        self._api_key = api_key
        self._api_base = api_base
        self._client: StripeClient | None = None
        self._http: HTTPXClient | None = None
        self._key_in_use = ""

    async def retrieve(self, kind: str, object_id: str) -> StripeObject | None:
        resource = _RESOURCES[kind]
        return await self.ask(lambda v1: resource(v1).retrieve_async(object_id))

    async def lines_of(self, invoice_id: str) -> Sequence[StripeObject] | None:
        return await self._all(lambda v1, page: v1.invoices.line_items.list_async(invoice_id, page))

    async def items_of(self, session_id: str) -> Sequence[StripeObject] | None:
        return await self._all(lambda v1, page: v1.checkout.sessions.line_items.list_async(session_id, page))

    async def _all(self, listed: Callable[[Any, Any], Awaitable[Any]]) -> Sequence[StripeObject] | None:
        """From all pages; None if the object of the list doesn't exist."""
        found: list[StripeObject] = []
        while True:
            asked: Any = {"limit": PAGE} | ({"starting_after": found[-1]["id"]} if found else {})
            page = await self.ask(lambda v1, asked=asked: listed(v1, asked))
            if page is None:
                return None
            found += page["data"]
            if not page["has_more"] or not page["data"]:
                return found

    async def invoice_paid_by(self, payment_intent_id: str) -> str | None:
        by: Any = {"type": "payment_intent", "payment_intent": payment_intent_id}
        found = await self.ask(lambda v1: v1.invoice_payments.list_async({"payment": by, "limit": 1}))
        return next((reference(row, "invoice") for row in rows({"all": found}, "all")), None)

    async def session_paid_by(self, payment_intent_id: str) -> StripeObject | None:
        by: Any = {"payment_intent": payment_intent_id, "limit": 1}
        found = await self.ask(lambda v1: v1.checkout.sessions.list_async(by))
        return next(iter(rows({"all": found}, "all")), None)

    async def undelivered(self, types: Sequence[str]) -> AsyncIterator[dict[str, Any]]:
        """Stripe accepts at most 20 types per request."""
        for start in range(0, len(types), MOST_TYPES):
            last: str | None = None
            while True:
                asked: Any = {
                    "delivery_success": False,
                    "limit": PAGE,
                    "types": list(types[start : start + MOST_TYPES]),
                } | ({"starting_after": last} if last else {})
                page: Any = await self.ask(lambda v1, asked=asked: v1.events.list_async(asked))
                events = page["data"] if page else []
                for event in events:
                    yield event
                if not events or not page["has_more"]:
                    break
                last = events[-1]["id"]

    async def ask(self, call: Call) -> dict[str, Any] | None:
        """None if Stripe has no such object. Raises OsliraError `provider_unavailable` if Stripe is unavailable."""
        await self.connected()
        from stripe import InvalidRequestError  # noqa: PLC0415  # loaded by now

        try:
            return await self.must(call)
        except InvalidRequestError as error:
            if error.code == "resource_missing":
                return None
            raise

    async def must(self, call: Call) -> dict[str, Any]:
        """As `ask`, and raises the SDK's InvalidRequestError for a permanent rejection."""
        client = await self.connected()
        from stripe import IdempotencyError, InvalidRequestError, StripeError  # noqa: PLC0415  # loaded by now

        try:
            found = await within(_TIMEOUT_S, call(client.v1), call="stripe")
        except InvalidRequestError:
            raise
        except IdempotencyError as error:
            raise OsliraError("idempotency_key_reused", "This key was used for another order.") from error
        except StripeError as error:
            raise OsliraError("provider_unavailable", f"Stripe: {type(error).__name__}") from error
        except DeadlineExceeded as error:
            raise OsliraError("provider_unavailable", "Stripe: no complete answer in time") from error
        return storable_json(found.to_dict())

    async def connected(self) -> "StripeClient":
        """The client, with the current key."""
        if self._client is None or self._key_in_use != self._api_key():
            return await asyncio.to_thread(self._connect)
        return self._client

    async def close(self) -> None:
        """Close its connections."""
        if self._http is not None:
            await self._http.close_async()

    def _connect(self) -> "StripeClient":
        import stripe  # noqa: PLC0415

        self._http = self._http or stripe.HTTPXClient(timeout=_TIMEOUT_S)
        self._key_in_use = self._api_key()
        self._client = stripe.StripeClient(
            self._key_in_use,
            stripe_version=API_VERSION,
            base_addresses={"api": self._api_base},
            max_network_retries=0,  # the row retries
            http_client=self._http,
        )
        return self._client
