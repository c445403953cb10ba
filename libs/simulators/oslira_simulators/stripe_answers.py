"""Stripe's answers around its objects: lists, errors, headers, ids."""

import secrets

from oslira_simulators.stripe_store import StripeObject
from oslira_simulators.wire import Reply, json_reply

_API_VERSION = "2026-10-28.endive"


def listing(page: list[StripeObject], url: str, *, has_more: bool) -> Reply:
    return json_reply({"object": "list", "data": page, "has_more": has_more, "url": url}, headers=headers())


def missing(kind: str, object_id: str, param: str = "id", status: int = 404) -> Reply:
    error = {
        "code": "resource_missing",
        "message": f"No such {kind}: '{object_id}'",
        "param": param,
        "type": "invalid_request_error",
    }
    return json_reply({"error": error}, status, headers())


def idempotency_error(key: str) -> Reply:
    message = (
        "Keys for idempotent requests can only be used with the same parameters they were first used with. "
        f"Try using a key other than '{key}' if you meant to execute a different request."
    )
    return json_reply({"error": {"type": "idempotency_error", "message": message}}, 400, headers())


def headers() -> dict[str, str]:
    return {"request-id": new_id("req"), "stripe-version": _API_VERSION}


def new_id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(12)}"
