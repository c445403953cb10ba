"""How new a description of one of Stripe's objects is."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class FetchVersion:
    """Fetched under `fetch_seq`; or, where Stripe knows no such object, an event's snapshot `as_of` a moment."""

    fetch_seq: int
    as_of: datetime | None = None
