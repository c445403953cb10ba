"""A signed `invoice.paid` as Stripe would send it, always the same event for the same account."""

import json
import time
from typing import Any, Final
from uuid import UUID

import httpx
from oslira_shared.ids import derived_id
from stripe import WebhookSignature

from oslira_devstack.access import Access
from oslira_devstack.stack import Stack

_PLAN: Final = "pro"
_PERIOD_S: Final = 30 * 24 * 3600
_STARTED_S: Final = 1_793_534_400


async def post_invoice_paid(stack: Stack | Access, *, account_id: UUID) -> int:
    """The status that billing's webhook answers."""
    body = json.dumps(_event(account_id))
    timestamp = int(time.time())
    secret = stack.credentials.stripe_webhook_secret
    signature = WebhookSignature.generate_signature_header(body, secret, timestamp=timestamp)
    async with httpx.AsyncClient(trust_env=False, timeout=10) as http:
        answer = await http.post(
            f"{stack.billing_url}/stripe/webhooks",
            content=body,
            headers={"Stripe-Signature": signature, "Content-Type": "application/json"},
        )
    return answer.status_code


def _event(account_id: UUID) -> dict[str, Any]:
    mark = derived_id("demo invoice", account_id).hex[:16]
    metadata = {"account_id": str(account_id), "plan": _PLAN}
    line = {
        "object": "line_item",
        "id": f"il_{mark}",
        "amount": 9_900,
        "currency": "usd",
        "metadata": metadata,
        "parent": {
            "type": "subscription_item_details",
            "subscription_item_details": {
                "proration": False,
                "subscription": f"sub_{mark}",
                "subscription_item": f"si_{mark}",
            },
        },
        "period": {"start": _STARTED_S, "end": _STARTED_S + _PERIOD_S},
        "pricing": {
            "type": "price_details",
            "price_details": {"price": f"price_dev_{_PLAN}", "product": "prod_dev"},
        },
        "quantity": 1,
    }
    invoice = {
        "object": "invoice",
        "id": f"in_{mark}",
        "customer": f"cus_{mark}",
        "amount_paid": 9_900,
        "currency": "usd",
        "billing_reason": "subscription_create",
        "livemode": False,
        "status": "paid",
        "metadata": {},
        "lines": {"object": "list", "data": [line], "has_more": False},
        "parent": {
            "type": "subscription_details",
            "subscription_details": {"subscription": f"sub_{mark}", "metadata": metadata},
        },
        "period_start": _STARTED_S,
        "period_end": _STARTED_S,
    }
    return {
        "object": "event",
        "id": f"evt_{mark}",
        "api_version": "2026-10-28.endive",
        "created": _STARTED_S,
        "livemode": False,
        "type": "invoice.paid",
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "data": {"object": invoice},
    }
