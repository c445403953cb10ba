"""The Stripe calls that billing makes, over objects that tests post and calls create."""

import hashlib
import time
from collections import OrderedDict
from typing import Any

from oslira_simulators.routes import Handler, Route
from oslira_simulators.stripe_answers import headers, idempotency_error, listing, missing, new_id
from oslira_simulators.stripe_form import nested, parse_form
from oslira_simulators.stripe_shapes import CUSTOMER, ITEM, PORTAL, SESSION
from oslira_simulators.stripe_store import StripeObject, StripeStore
from oslira_simulators.wire import Call, Reply, json_reply

_KEPT_KEYS = 10_000
_SHOWN_LINES = 10
_PAGING = {"limit", "starting_after", "ending_before", "expand"}
_KINDS = {
    "customers": "customer",
    "subscriptions": "subscription",
    "invoices": "invoice",
    "invoice_payments": "invoice_payment",
    "payment_intents": "payment_intent",
    "checkout/sessions": "checkout.session",
    "events": "event",
    "refunds": "refund",
    "charges": "charge",
    "disputes": "dispute",
    "credit_notes": "credit_note",
    "prices": "price",
    "products": "product",
}
_ERROR_TYPES = {401: "invalid_request_error", 402: "card_error", 429: "rate_limit_error"}


class Stripe:
    name = "stripe"

    def __init__(self) -> None:
        self.store = StripeStore()
        self._answered: OrderedDict[str, tuple[str, Reply]] = OrderedDict()
        self.routes = (
            Route("POST", "/v1/customers", self._once(self.create_customer)),
            Route("POST", "/v1/customers/{}", self._once(self._update("customer"))),
            Route("DELETE", "/v1/customers/{}", self.delete_customer),
            Route("GET", "/v1/invoices/{}/lines", self.invoice_lines),
            Route("POST", "/v1/checkout/sessions/{}/expire", self.expire_checkout),
            Route("POST", "/v1/subscriptions/{}", self._once(self._update("subscription"))),
            Route("DELETE", "/v1/subscriptions/{}", self.cancel_subscription),
            Route("POST", "/v1/checkout/sessions", self._once(self.create_checkout)),
            Route("GET", "/v1/checkout/sessions/{}/line_items", self.line_items),
            Route("POST", "/v1/billing_portal/sessions", self._once(self.create_portal)),
            *(Route("GET", f"/v1/{path}", self._list(path, kind)) for path, kind in _KINDS.items()),
            *(Route("GET", f"/v1/{path}/{{}}", self._retrieve(kind)) for path, kind in _KINDS.items()),
        )

    def clear(self) -> None:
        self.store.clear()
        self._answered.clear()

    def refuse(self, call: Call) -> Reply | None:
        if call.headers.get("authorization", "").removeprefix("Bearer").strip():
            return None
        return self.error(401, "You did not provide an API key.")

    def username_of(self, call: Call) -> str | None:  # noqa: ARG002 - no call to Stripe is about a profile
        return None

    def error(self, status: int, message: str) -> Reply:
        error_type = _ERROR_TYPES.get(status, "api_error" if status >= 500 else "invalid_request_error")
        error = {"type": error_type, "message": message}
        if status == 429:
            error["code"] = "rate_limit"
        return json_reply({"error": error}, status, headers())

    async def create_customer(self, call: Call) -> Reply:
        asked = parse_form(call.body)
        fixed = {"id": new_id("cus"), "object": "customer", "created": int(time.time())}
        return self._created({**CUSTOMER, **fixed, **asked})

    async def create_checkout(self, call: Call) -> Reply:
        asked = parse_form(call.body)
        if asked.get("mode") not in {"payment", "subscription", "setup"}:
            return self.error(400, "Missing required param: mode.")
        customer = asked.get("customer")
        if customer is not None and not self._has_customer(customer):
            return missing("customer", customer, "customer", 400)
        session_id = new_id("cs_test")
        amount = sum(self._amount(item) or 0 for item in asked.get("line_items", []))
        return self._created(
            {
                **SESSION,
                "id": session_id,
                "object": "checkout.session",
                "created": int(time.time()),
                "expires_at": int(time.time()) + 24 * 3600,
                "amount_subtotal": amount,
                "amount_total": amount,
                "url": f"https://checkout.stripe.example/c/pay/{session_id}",
                **asked,
                "line_items": {
                    "object": "list",
                    "data": [self._line(item) for item in asked.get("line_items", [])],
                },
            }
        )

    async def create_portal(self, call: Call) -> Reply:
        asked = parse_form(call.body)
        if not self._has_customer(asked.get("customer", "")):
            return missing("customer", asked.get("customer", ""), "customer", 400)
        portal_id = new_id("bps")
        return json_reply(
            {
                **PORTAL,
                "id": portal_id,
                "object": "billing_portal.session",
                "created": int(time.time()),
                "customer": asked["customer"],
                "return_url": asked.get("return_url"),
                "url": f"https://billing.stripe.example/p/session/{portal_id}",
            },
            headers=headers(),
        )

    async def cancel_subscription(self, call: Call) -> Reply:
        """At once, as the API does; what happens at the period's end is an update."""
        subscription = self.store.get(call.segments[0], "subscription")
        if subscription is None:
            return missing("subscription", call.segments[0])
        now_s = int(time.time())
        return self._created({**subscription, "status": "canceled", "canceled_at": now_s, "ended_at": now_s})

    async def delete_customer(self, call: Call) -> Reply:
        """It is still found, as deleted, and nothing can be sold to it."""
        if not self._has_customer(call.segments[0]):
            return missing("customer", call.segments[0])
        return self._created({"id": call.segments[0], "object": "customer", "deleted": True})

    async def expire_checkout(self, call: Call) -> Reply:
        session = self.store.get(call.segments[0], "checkout.session")
        if session is None:
            return missing("checkout.session", call.segments[0])
        if session.get("status") != "open":
            return self.error(400, 'Only Checkout Sessions with a status in ["open"] can be expired.')
        return self._created({**session, "status": "expired", "url": None})

    async def invoice_lines(self, call: Call) -> Reply:
        """All of them, by pages; the invoice itself shows the first ten."""
        invoice = self.store.get(call.segments[0], "invoice")
        if invoice is None:
            return missing("invoice", call.segments[0])
        asked, lines = _query(call), (invoice.get("lines") or {}).get("data", [])
        after = [
            number for number, line in enumerate(lines, 1) if line.get("id") == asked.get("starting_after")
        ]
        rest = lines[after[0] if after else 0 :]
        limit = int(asked.get("limit", 10))
        return listing(rest[:limit], call.path, has_more=len(rest) > limit)

    async def line_items(self, call: Call) -> Reply:
        session = self.store.get(call.segments[0], "checkout.session")
        if session is None:
            return missing("checkout.session", call.segments[0])
        lines = session.get("line_items") or {"data": []}
        return listing(lines["data"], call.path, has_more=False)

    def _retrieve(self, kind: str) -> Handler:
        async def retrieve(call: Call) -> Reply:
            stored = self.store.get(call.segments[0], kind)
            if stored is None:
                return missing(kind, call.segments[0])
            return json_reply(self._shown(stored, _query(call).get("expand", [])), headers=headers())

        return retrieve

    def _list(self, path: str, kind: str) -> Handler:
        async def find(call: Call) -> Reply:
            asked = _query(call)
            found = self.store.find(
                kind,
                {name: value for name, value in asked.items() if name not in _PAGING},
                after=asked.get("starting_after", ""),
                before=asked.get("ending_before", ""),
            )
            limit = int(asked.get("limit", 10))
            paths = [path.removeprefix("data.") for path in asked.get("expand", [])]
            page = [self._shown(stored, paths) for stored in found[:limit]]
            return listing(page, f"/v1/{path}", has_more=len(found) > limit)

        return find

    def _update(self, kind: str) -> Handler:
        async def update(call: Call) -> Reply:
            stored = self.store.get(call.segments[0], kind)
            if stored is None:
                return missing(kind, call.segments[0])
            asked = {name: _plain(value) for name, value in parse_form(call.body).items()}
            metadata = {**(stored.get("metadata") or {}), **(asked.get("metadata") or {})}
            return self._created({**stored, **asked, "metadata": metadata})

        return update

    def _once(self, handler: Handler) -> Handler:
        """Same key and parameters: the first answer again. Same key, other parameters: refused."""

        async def once(call: Call) -> Reply:
            key = call.headers.get("idempotency-key")
            if key is None:
                return await handler(call)
            asked = hashlib.sha256(call.path.encode() + b"\n" + call.body).hexdigest()
            if key in self._answered:
                before, reply = self._answered[key]
                if before != asked:
                    return idempotency_error(key)
                return Reply(reply.status, reply.body, {**reply.headers, "idempotent-replayed": "true"})
            reply = await handler(call)
            self._answered[key] = (asked, reply)
            if len(self._answered) > _KEPT_KEYS:
                self._answered.popitem(last=False)
            return reply

        return once

    def _has_customer(self, customer_id: str) -> bool:
        customer = self.store.get(customer_id, "customer")
        return customer is not None and not customer.get("deleted")

    def _created(self, made: StripeObject) -> Reply:
        self.store.put(made)
        return json_reply(self._shown(made, []), headers=headers())

    def _shown(self, stored: StripeObject, expand: list[str]) -> StripeObject:
        """A checkout session shows its line items only when asked to, an invoice the first ten of its lines."""
        hidden = {"line_items"} - set(expand) if stored["object"] == "checkout.session" else set[str]()
        shown = {name: part for name, part in stored.items() if name not in hidden}
        lines = shown.get("lines")
        if (
            stored["object"] == "invoice"
            and isinstance(lines, dict)
            and len(lines.get("data", [])) > _SHOWN_LINES
        ):
            shown["lines"] = {**lines, "data": lines["data"][:_SHOWN_LINES], "has_more": True}
        return self.store.expand(shown, expand)

    def _amount(self, item: dict[str, Any]) -> int | None:
        price = self.store.get(item.get("price", ""), "price") or item.get("price_data") or {}
        unit = price.get("unit_amount")
        return int(unit) * int(item.get("quantity", 1)) if unit is not None else None

    def _line(self, item: dict[str, Any]) -> StripeObject:
        price_id = item.get("price")
        amount = self._amount(item)
        return {
            **ITEM,
            "id": new_id("li"),
            "object": "item",
            "amount_subtotal": amount,
            "amount_total": amount,
            "quantity": int(item.get("quantity", 1)),
            "price": self.store.get(price_id or "", "price") or {"id": price_id, "object": "price"},
        }


def _query(call: Call) -> dict[str, Any]:
    return nested((name, value) for name, values in call.query.items() for value in values)


def _plain(value: Any) -> Any:
    return {"true": True, "false": False, "": None}.get(value, value) if isinstance(value, str) else value
