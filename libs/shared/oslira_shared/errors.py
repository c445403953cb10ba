"""Errors with a kind and a stable code. Every edge (HTTP, RPC, a work row's end) derives its answer from this one table."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final


class Kind(StrEnum):
    """What the caller can do about it."""

    INVALID = "invalid"  # the request is wrong; the same request fails again
    UNAUTHENTICATED = "unauthenticated"  # the caller is not authenticated
    FORBIDDEN = "forbidden"  # the caller is not allowed
    NOT_FOUND = "not_found"  # it doesn't exist, or belongs to another account
    CONFLICT = "conflict"  # the current state forbids it
    REFUSED = "refused"  # a business rule forbids it: final, not to be retried
    PAYMENT = "payment"  # not enough credits
    LIMITED = "limited"  # too many requests; may pass later
    TRANSIENT = "transient"  # infrastructure: the same request may pass later


CODES: Final[Mapping[str, Kind]] = {
    # requests
    "invalid_request": Kind.INVALID,
    "invalid_username": Kind.INVALID,
    "unknown_type": Kind.INVALID,
    "no_usable_names": Kind.INVALID,
    "too_many_names": Kind.INVALID,
    "column_unclear": Kind.INVALID,
    "body_too_large": Kind.INVALID,
    "unsupported_media_type": Kind.INVALID,
    "method_not_allowed": Kind.INVALID,
    "not_acceptable": Kind.INVALID,
    "headers_too_large": Kind.INVALID,
    "idempotency_key_reused": Kind.INVALID,
    "version_required": Kind.INVALID,
    "invalid_signature": Kind.INVALID,
    "livemode_mismatch": Kind.INVALID,
    "invalid_return_url": Kind.INVALID,
    "not_for_sale": Kind.INVALID,
    "provider_refused": Kind.INVALID,
    "invalid_webhook_url": Kind.INVALID,
    # identity
    "unauthenticated": Kind.UNAUTHENTICATED,
    "token_expired": Kind.UNAUTHENTICATED,
    "token_invalid": Kind.UNAUTHENTICATED,
    "signed_out": Kind.UNAUTHENTICATED,
    "ticket_invalid": Kind.UNAUTHENTICATED,
    "forbidden": Kind.FORBIDDEN,
    "service_token_refused": Kind.FORBIDDEN,
    "no_account": Kind.FORBIDDEN,
    "invitation_not_yours": Kind.FORBIDDEN,
    "challenge_failed": Kind.FORBIDDEN,
    "challenge_required": Kind.FORBIDDEN,
    # things
    "not_found": Kind.NOT_FOUND,
    "run_not_found": Kind.NOT_FOUND,
    "account_not_found": Kind.NOT_FOUND,
    "member_not_found": Kind.NOT_FOUND,
    "invitation_not_found": Kind.NOT_FOUND,
    "business_profile_not_found": Kind.NOT_FOUND,
    "bulk_not_found": Kind.NOT_FOUND,
    "lead_not_found": Kind.NOT_FOUND,
    "avatar_not_found": Kind.NOT_FOUND,
    "webhook_endpoint_not_found": Kind.NOT_FOUND,
    "webhook_delivery_not_found": Kind.NOT_FOUND,
    # states
    "conflict": Kind.CONFLICT,
    "run_finished": Kind.CONFLICT,
    "bulk_finished": Kind.CONFLICT,
    "id_closed": Kind.CONFLICT,
    "last_owner": Kind.CONFLICT,
    "subscription_active": Kind.CONFLICT,
    "limit_reached": Kind.CONFLICT,
    "lead_replaced": Kind.CONFLICT,
    "version_conflict": Kind.CONFLICT,
    # money
    "already_subscribed": Kind.CONFLICT,
    "no_customer": Kind.CONFLICT,
    "insufficient_credits": Kind.PAYMENT,
    # limits
    "rate_limited": Kind.LIMITED,
    "cost_limit_reached": Kind.LIMITED,
    "anonymous_limit_reached": Kind.LIMITED,
    "anonymous_used_up": Kind.LIMITED,
    "too_many_streams": Kind.LIMITED,
    # how a run can end without a result
    "profile_not_found": Kind.REFUSED,
    "profile_private": Kind.REFUSED,
    "profile_restricted": Kind.REFUSED,
    "profile_empty": Kind.REFUSED,
    "followers_out_of_bounds": Kind.REFUSED,
    "business_profile_invalid": Kind.REFUSED,
    "scrape_failed": Kind.REFUSED,
    "scraper_unavailable": Kind.REFUSED,
    "scraper_limit_reached": Kind.REFUSED,
    "models_unavailable": Kind.REFUSED,
    "answer_invalid": Kind.REFUSED,
    "attempts_used_up": Kind.REFUSED,
    "stalled": Kind.REFUSED,
    "cancelled": Kind.REFUSED,
    # infrastructure
    "provider_unavailable": Kind.TRANSIENT,
    "unavailable": Kind.TRANSIENT,
    "timeout": Kind.TRANSIENT,
    "internal": Kind.TRANSIENT,
}


class OsliraError(Exception):
    """An error that a caller may see: `code` is stable, `detail` is a text for humans, `extra` holds numbers.

    Raises KeyError at once for a code that isn't in CODES, so that no call site invents a code.
    """

    def __init__(self, code: str, detail: str, **extra: Any) -> None:
        super().__init__(f"{code}: {detail}")
        self.kind: Kind = CODES[code]
        self.code = code
        self.detail = detail
        self.extra: dict[str, Any] = extra

    @property
    def is_transient(self) -> bool:
        """Whether the same call may pass later."""
        return self.kind is Kind.TRANSIENT
