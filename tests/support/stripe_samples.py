"""Small events in Stripe's shapes (API 2026-10-28), and their signatures: for tests and the demo. Nothing else uses them."""

import hashlib
import hmac
import json
from typing import Any, Final
from uuid import uuid4

JULY_S: Final = 1_782_864_000  # 2026-07-01
AUGUST_S: Final = 1_785_542_400


def event(kind: str, described: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """An event of its own id about `described`."""
    return {
        "id": f"evt_{uuid4().hex[:24]}",
        "object": "event",
        "api_version": "2026-10-28.endive",
        "created": JULY_S,
        "type": kind,
        "livemode": False,
        "data": {"object": described},
        **changes,
    }


def line(
    plan: str | None,
    *,
    price: str | None = None,
    amount: int = 2_000,
    start_s: int = JULY_S,
    end_s: int | None = None,
    quantity: int = 1,
    proration: bool = False,
) -> dict[str, Any]:
    """An invoice line for a subscription's item, over one period: 31 days unless `end_s` says otherwise."""
    details = {"invoice_item": None, "proration": proration, "proration_details": {"credited_items": None}}
    return {
        "object": "line_item",
        "id": f"il_{uuid4().hex[:24]}",
        "amount": amount,
        "currency": "usd",
        "discount_amounts": [],
        "metadata": {"plan": plan} if plan else {},
        "parent": {
            "type": "subscription_item_details",
            "invoice_item_details": None,
            "subscription_item_details": {**details, "subscription": None, "subscription_item": "si_1"},
        },
        "period": {"start": start_s, "end": start_s + 31 * 86_400 if end_s is None else end_s},
        "pricing": {
            "type": "price_details",
            "price_details": {"price": price, "product": "prod_1"},
            "unit_amount_decimal": None,
        },
        "quantity": quantity,
    }


def one_off_line(price: str, *, amount: int, at_s: int = JULY_S, quantity: int = 1) -> dict[str, Any]:
    """An invoice line for something that is bought once."""
    details = {"invoice_item": "ii_1", "proration": False, "proration_details": None, "subscription": None}
    return {
        **line(None, price=price, amount=amount, start_s=at_s, end_s=at_s, quantity=quantity),
        "parent": {
            "type": "invoice_item_details",
            "invoice_item_details": details,
            "subscription_item_details": None,
        },
    }


def invoice(
    *lines: dict[str, Any],
    customer: str = "cus_1",
    subscription: str | None = "sub_1",
    reason: str = "subscription_cycle",
    invoice_id: str | None = None,
    created: int | None = None,
    from_balance: int = 0,
    **metadata: str,
) -> dict[str, Any]:
    """A paid invoice; `metadata` is the subscription's, or its own if it bills none. `from_balance`: what the balance paid."""
    details = {"subscription": subscription, "metadata": metadata}
    total = sum(item["amount"] for item in lines)
    return {
        "object": "invoice",
        "id": invoice_id or f"in_{uuid4().hex[:24]}",
        "customer": customer,
        "billing_reason": reason,
        "created": created or JULY_S,
        "status": "paid",
        "amount_due": max(0, total - from_balance),
        "amount_paid": max(0, total - from_balance),
        "total": total,
        "starting_balance": -from_balance,
        "ending_balance": min(0, total),
        "pre_payment_credit_notes_amount": 0,
        "post_payment_credit_notes_amount": 0,
        "currency": "usd",
        "metadata": {} if subscription else metadata,
        "parent": {"type": "subscription_details", "quote_details": None, "subscription_details": details}
        if subscription
        else None,
        "lines": {"object": "list", "data": list(lines), "has_more": False, "total_count": len(lines)},
    }


def session(
    *,
    customer: str | None = "cus_1",
    mode: str = "payment",
    payment_status: str = "paid",
    payment: str | None = None,
    amount: int = 1_000,
    **metadata: str,
) -> dict[str, Any]:
    """A finished checkout."""
    return {
        "object": "checkout.session",
        "id": f"cs_test_{uuid4().hex}",
        "customer": customer,
        "mode": mode,
        "payment_status": payment_status,
        "payment_intent": payment,
        "amount_total": amount,
        "currency": "usd",
        "client_reference_id": metadata.get("account_id"),
        "metadata": metadata,
    }


def subscription(
    *,
    subscription_id: str = "sub_1",
    status: str = "active",
    customer: str = "cus_1",
    price: str | None = None,
    **metadata: str,
) -> dict[str, Any]:
    """A subscription with one item."""
    item = {
        "object": "subscription_item",
        "price": {"object": "price", "id": price} if price else None,
        "quantity": 1,
        "current_period_start": JULY_S,
        "current_period_end": AUGUST_S,
    }
    return {
        "object": "subscription",
        "id": subscription_id,
        "customer": customer,
        "status": status,
        "cancel_at_period_end": False,
        "billing_cycle_anchor": JULY_S,
        "start_date": JULY_S,
        "ended_at": None,
        "metadata": metadata,
        "items": {"object": "list", "data": [item]},
    }


def signed(payload: Any, *secrets: str, at_s: float) -> tuple[bytes, str]:
    """(raw body, Stripe-Signature) as Stripe sends them; during a rotation it signs with several secrets."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    signatures = [
        hmac.new(secret.encode(), f"{int(at_s)}.".encode() + body, hashlib.sha256).hexdigest()
        for secret in secrets
    ]
    return body, ",".join([f"t={int(at_s)}", *(f"v1={signature}" for signature in signatures)])


def invoice_payment(payment: str, invoice_id: str) -> dict[str, Any]:
    """Which invoice a payment paid."""
    return {
        "object": "invoice_payment",
        "id": f"inpay_{payment}",
        "invoice": invoice_id,
        "payment": {"type": "payment_intent", "payment_intent": payment},
        "status": "paid",
    }


def charge(
    *,
    payment: str = "pi_1",
    charge_id: str = "ch_1",
    customer: str | None = "cus_1",
    amount: int = 2_000,
    refunded: int = 0,
    **metadata: str,
) -> dict[str, Any]:
    """A charge, of which so much was refunded."""
    return {
        "object": "charge",
        "id": charge_id,
        "amount": amount,
        "amount_refunded": refunded,
        "currency": "usd",
        "customer": customer,
        "payment_intent": payment,
        "metadata": metadata,
    }


def refund(*, charge_id: str = "ch_1", status: str = "succeeded") -> dict[str, Any]:
    """A refund; the refunded total is in its charge."""
    return {"object": "refund", "id": f"re_{charge_id}", "charge": charge_id, "status": status}


def dispute(
    *, charge_id: str = "ch_1", payment: str = "pi_1", status: str = "needs_response", amount: int = 2_000
) -> dict[str, Any]:
    """A dispute; it names no customer."""
    return {
        "object": "dispute",
        "id": f"du_{charge_id}",
        "amount": amount,
        "charge": charge_id,
        "payment_intent": payment,
        "currency": "usd",
        "status": status,
    }


def credit_note(
    invoice_id: str, *, amount: int, refunded: int = 0, customer: str = "cus_1"
) -> dict[str, Any]:
    """A credit note of a paid invoice: `refunded` of it by refunds, the rest to the customer's balance."""
    refunds = (
        [{"amount_refunded": refunded, "refund": f"re_{invoice_id}", "type": "refund"}] if refunded else []
    )
    return {
        "object": "credit_note",
        "id": f"cn_{uuid4().hex[:24]}",
        "invoice": invoice_id,
        "customer": customer,
        "amount": amount,
        "total": amount,
        "currency": "usd",
        "status": "issued",
        "type": "post_payment",
        "pre_payment_amount": 0,
        "post_payment_amount": amount,
        "refunds": refunds,
        "metadata": {},
    }
