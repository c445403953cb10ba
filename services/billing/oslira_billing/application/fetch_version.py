"""The version of a description of one of Stripe's objects."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class FetchVersion:
    """Fetched under `fetch_seq`; or, where Stripe knows no such object, an event's snapshot at `as_of`."""

    fetch_seq: int
    as_of: datetime | None = None
