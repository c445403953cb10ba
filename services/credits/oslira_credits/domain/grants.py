"""Sources of credits."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from oslira_credits.domain.amounts import Credits


@dataclass(frozen=True, slots=True)
class Grant:
    """The rest of a grant. Of grants that expire at the same time, one with a lower `priority` is spent first."""

    grant_id: UUID
    source: str
    granted: Credits
    available: Credits
    priority: int
    created_at: datetime
    expires_at: datetime | None = None
