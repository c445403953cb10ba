"""A Stripe event, as far as it concerns us."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from oslira_shared.errors import OsliraError

from oslira_billing.domain.fields import StripeObject, at, moment, reference, text


@dataclass(frozen=True, slots=True)
class StripeEvent:
    """`object` is the snapshot that the event carries, as of `created`; what it describes may have moved on since."""

    id: str
    type: str
    livemode: bool
    api_version: str | None
    created: datetime | None
    object: StripeObject

    @property
    def customer_id(self) -> str | None:
        """The Stripe customer it is about, if it names one."""
        return reference(self.object, "customer")


def parse_event(payload: Any) -> StripeEvent:
    """Raises OsliraError `invalid_request` for anything that isn't a snapshot event."""
    if not isinstance(payload, Mapping) or payload.get("object") != "event":
        raise OsliraError("invalid_request", "the body is not a Stripe event")
    event_id, kind, livemode = text(payload, "id"), text(payload, "type"), payload.get("livemode")
    described = at(payload, "data", "object")
    if not event_id or not kind or not isinstance(livemode, bool) or not isinstance(described, Mapping):
        raise OsliraError("invalid_request", "the event lacks its id, type, livemode or data.object")
    return StripeEvent(
        event_id, kind, livemode, text(payload, "api_version"), moment(payload, "created"), described
    )
