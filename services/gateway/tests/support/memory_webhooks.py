"""Webhooks in memory, for tests."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from oslira_gateway.webhooks.answer import Answer
from oslira_gateway.webhooks.ports import Parcel


class MemoryOutbox:
    """See Outbox; remembers what was said of each parcel."""

    def __init__(self) -> None:
        self.parcels: list[Parcel] = []
        self.ends: list[tuple[UUID, Answer, float | None]] = []
        self.handed_back: list[Any] = []

    async def waiting(self) -> Sequence[tuple[UUID, float]]:
        """See Outbox."""
        return [(endpoint_id, 0.0) for endpoint_id in {parcel.endpoint_id for parcel in self.parcels}]

    async def take(self, endpoint_id: UUID) -> Parcel | None:
        """See Outbox."""
        for parcel in self.parcels:
            if parcel.endpoint_id == endpoint_id:
                self.parcels.remove(parcel)
                return parcel
        return None

    async def delivered(self, parcel: Parcel, answer: Answer) -> None:
        """See Outbox."""
        self.ends.append((parcel.event_id, answer, 0.0))

    async def failed(self, parcel: Parcel, answer: Answer, *, next_try_s: float | None) -> None:
        """See Outbox."""
        self.ends.append((parcel.event_id, answer, next_try_s))

    async def release(self, claim: Any) -> None:
        """See Outbox."""
        self.handed_back.append(claim)


class MemorySender:
    """See Sender; answers as it is told to."""

    def __init__(self, answer: Callable[[], Answer] = lambda: Answer(200)) -> None:
        self.answer = answer
        self.posted: list[tuple[str, dict[str, str], str]] = []

    async def post(self, url: str, headers: dict[str, str], body: str) -> Answer:
        """See Sender."""
        self.posted.append((url, headers, body))
        return self.answer()
