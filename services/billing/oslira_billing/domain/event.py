"""A Stripe event, as far as it concerns us."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from oslira_shared.errors import OsliraError

from oslira_billing.domain.fields import StripeObject, at, moment, reference, text

# The version that our code reads; the webhook endpoint at Stripe must be set to the same.
API_VERSION: Final = "2026-10-28.endive"


@dataclass(frozen=True, slots=True)
class StripeEvent:
    """`object` is the event's snapshot as of `created`; the current object may have changed since.

    `connected_account`: the owner of the money on a Connect platform; None for our own.
    """

    id: str
    type: str
    livemode: bool
    api_version: str | None
    created: datetime | None
    object: StripeObject
    connected_account: str | None = None

    @property
    def customer_id(self) -> str | None:
        """The Stripe customer it is about, if it names one."""
        return reference(self.object, "customer")

    def as_of(self, received_at: datetime) -> "StripeEvent":
        """A time in the future, from a test clock, counts as the time of arrival: later events are still newer."""
        if self.created is None or self.created <= received_at:
            return self
        return replace(self, created=received_at)


def parse_event(payload: Any) -> StripeEvent:
    """Raises OsliraError `invalid_request` for anything that isn't a snapshot event."""
    if not isinstance(payload, Mapping) or payload.get("object") != "event":
        raise OsliraError("invalid_request", "the body is not a Stripe event")
    event_id, kind, livemode = text(payload, "id"), text(payload, "type"), payload.get("livemode")
    described = at(payload, "data", "object")
    if not event_id or not kind or not isinstance(livemode, bool) or not isinstance(described, Mapping):
        raise OsliraError("invalid_request", "the event lacks its id, type, livemode or data.object")
    return StripeEvent(
        event_id,
        kind,
        livemode,
        text(payload, "api_version"),
        moment(payload, "created"),
        described,
        text(payload, "account"),
    )
