"""The body of a webhook: ids, statuses and numbers. Never a name or text of the profile: receivers read those from the API."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID


class EventType(StrEnum):
    """The types of events that an endpoint can subscribe to."""

    RUN_COMPLETED = "run.completed"
    RUN_FAILED = "run.failed"
    RUN_CANCELLED = "run.cancelled"
    BULK_ENDED = "bulk.ended"


# Sent only on request, so it cannot be subscribed to.
PING: Final = "ping"


@dataclass(frozen=True, slots=True)
class Event:
    """One event. It has the same id and body each time it is sent."""

    event_id: UUID
    account_id: UUID
    type: str
    happened_at: datetime
    data: dict[str, Any]

    @property
    def body(self) -> str:
        """The text that is signed and sent."""
        moment = self.happened_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return json.dumps(
            {"type": self.type, "timestamp": moment, "data": self.data}, separators=(",", ":"), default=str
        )


@dataclass(frozen=True, slots=True)
class RunEnding:
    """How a run ended. A completed run is charged in full, any other is released."""

    run_id: UUID
    account_id: UUID
    type: str
    status: str
    bulk_id: UUID | None
    lead_id: UUID | None
    score: int | None
    error_code: str | None
    charged_credits: int
    released_credits: int
    finished_at: datetime

    def event(self, event_id: UUID) -> Event:
        """The event to send."""
        data = {
            "run_id": self.run_id,
            "type": self.type,
            "status": self.status,
            "bulk_id": self.bulk_id,
            "lead_id": self.lead_id,
            "score": self.score,
            "error_code": self.error_code,
            "credits": {"charged": self.charged_credits, "released": self.released_credits},
        }
        return Event(event_id, self.account_id, EventType(f"run.{self.status}"), self.finished_at, data)


@dataclass(frozen=True, slots=True)
class BulkEnding:
    """How a bulk ended: `status` is completed or cancelled. The counts are of the runs that it lists."""

    bulk_id: UUID
    account_id: UUID
    type: str
    status: str
    stopped_because: str | None
    item_count: int
    completed_count: int
    failed_count: int
    cancelled_count: int
    charged_credits: int
    released_credits: int
    finished_at: datetime

    def event(self, event_id: UUID) -> Event:
        """The event to send."""
        data = {
            "bulk_id": self.bulk_id,
            "type": self.type,
            "status": self.status,
            "stopped_because": self.stopped_because,
            "items": {
                "total": self.item_count,
                "completed": self.completed_count,
                "failed": self.failed_count,
                "cancelled": self.cancelled_count,
            },
            "credits": {"charged": self.charged_credits, "released": self.released_credits},
        }
        return Event(event_id, self.account_id, EventType.BULK_ENDED, self.finished_at, data)
