"""Texts of error codes for the documentation: what it means, and what to do next. Responses have their own `detail`."""

from collections.abc import Mapping
from typing import Final

from oslira_shared.errors import CODES, Kind

_OF_CODE: Final[Mapping[str, str]] = {
    "invalid_request": "The request is not what this endpoint accepts; `errors` says where.",
    "invalid_username": "That is not an Instagram name or address; check its spelling.",
    "unknown_type": "There is no such type of analysis; `accepted` lists them.",
    "no_usable_names": "No line of the list holds a usable name; `rejected` says why, line by line.",
    "too_many_names": "The list is longer than `limit`; split it.",
    "column_unclear": "It is not clear which column of the list holds the names: `columns` shows what each would give; send `column`.",
    "body_too_large": "The request body is larger than this endpoint accepts.",
    "unsupported_media_type": "Send the body in a media type that this endpoint accepts.",
    "method_not_allowed": "This address does not take that method; `Allow` lists those it takes.",
    "not_acceptable": "This endpoint has no answer in a media type that `Accept` names.",
    "headers_too_large": "The request's address or headers are too long.",
    "idempotency_key_reused": "This Idempotency-Key was used with another request; use a new one.",
    "version_required": "Say which version you change: `If-Match` with the `ETag` you have read, or `*` for whichever it is.",
    "version_conflict": "Somebody changed it since you read it; read it again. `version` is the one it has now.",
    "lead_replaced": "The profile was analysed again since; `lead_id` is the lead that has its place now.",
    "invalid_return_url": "A return address has to lie under the application's own.",
    "invalid_webhook_url": "Webhooks go to https:// addresses on the public internet, port 443 or 8443, without a user or a fragment.",
    "provider_refused": "Stripe refuses this order for good; the detail says why.",
    "not_for_sale": "That plan or pack can't be bought; `GET /v1/plans` lists what can.",
    "unauthenticated": "Send a token: `Authorization: Bearer …`.",
    "token_expired": "The token has expired; sign in again.",
    "token_invalid": "The token is not one of a signed-in user.",
    "signed_out": "The token is from a sign-in that has ended; sign in again.",
    "ticket_invalid": "The ticket in the address is not valid (any more); read the run, bulk, lead or address again for a new one.",
    "forbidden": "Your role in this account does not allow that; ask an owner or an admin.",
    "service_token_refused": "A service's token can't be used as a user's.",
    "no_account": "You belong to no account yet; confirm your e-mail address and you get one.",
    "account_not_found": "`X-Account-Id` or the address names no account of yours.",
    "invitation_not_found": "The invitation isn't there, was used, or has ended; ask for a new one.",
    "invitation_not_yours": "The invitation is for another e-mail address; sign in with that one.",
    "last_owner": "The account would have no owner; make somebody else one first.",
    "subscription_active": "Cancel the subscription first; then the account can be deleted.",
    "limit_reached": "There are as many of these as there may be: `limit`.",
    "run_finished": "The run has ended already; `receipt` says what it took.",
    "bulk_finished": "The bulk has ended already.",
    "already_subscribed": "The account has a subscription; change it in the portal.",
    "no_customer": "The account has bought nothing yet, so there is nothing to manage.",
    "insufficient_credits": "Credits are short: `need` and `balance` say by how much. Nothing was charged.",
    "challenge_required": "Solve the Turnstile challenge and send its response as `challenge`.",
    "challenge_failed": "The check that you are a person failed; let the visitor try it again.",
    "anonymous_limit_reached": "This network has had its analyses without an account for today; sign up, or come back tomorrow.",
    "anonymous_used_up": "Today's analyses without an account are used up for everybody; sign up, or come back tomorrow.",
    "rate_limited": "Too many requests; try again after `Retry-After` seconds.",
    "cost_limit_reached": "The account has reached its limit for today; try tomorrow.",
    "too_many_streams": "The account has as many event streams open as it may; close one.",
    "provider_unavailable": "A provider does not answer; try again later.",
    "unavailable": "A part of the service is unavailable; nothing was done. Try again after `Retry-After` seconds.",
    "timeout": "The request took too long; try it again.",
    "internal": "Something went wrong on our side; `X-Request-Id` helps us find it.",
}
_OF_KIND: Final[Mapping[Kind, str]] = {
    Kind.INVALID: "The request is wrong; the same request fails again.",
    Kind.UNAUTHENTICATED: "Who is asking is not known; sign in again.",
    Kind.FORBIDDEN: "You may not do that.",
    Kind.NOT_FOUND: "There is no such thing, or it isn't in this account.",
    Kind.CONFLICT: "The state it is in does not allow that.",
    Kind.REFUSED: "A rule says no; the same request fails again.",
    Kind.PAYMENT: "Credits are short.",
    Kind.LIMITED: "Too much, too fast; try again later.",
    Kind.TRANSIENT: "Something is unavailable at the moment; a retry may succeed.",
}


def text_of(code: str) -> str:
    """One or two sentences; the text of its kind for a code without its own text."""
    return _OF_CODE.get(code) or _OF_KIND[CODES[code]]
