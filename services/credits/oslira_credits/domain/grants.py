"""Where credits come from."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from oslira_credits.domain.amounts import Credits


@dataclass(frozen=True, slots=True)
class Grant:
    """What is left of a portion of credits with one origin. A lower `priority` goes first among grants that expire together."""

    grant_id: UUID
    source: str
    granted: Credits
    available: Credits
    priority: int
    created_at: datetime
    expires_at: datetime | None = None
