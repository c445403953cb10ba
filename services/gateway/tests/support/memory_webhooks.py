"""Webhooks in memory, for tests."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from oslira_gateway.webhooks.answer import Answer
from oslira_gateway.webhooks.ports import ClaimedDelivery


class MemoryOutbox:
    """See Outbox; remembers what was said of each delivery."""

    def __init__(self) -> None:
        self.deliveries: list[ClaimedDelivery] = []
        self.ends: list[tuple[UUID, Answer, float | None]] = []
        self.handed_back: list[Any] = []

    async def waiting(self) -> Sequence[tuple[UUID, float]]:
        """See Outbox."""
        return [(endpoint_id, 0.0) for endpoint_id in {delivery.endpoint_id for delivery in self.deliveries}]

    async def claim_next(self, endpoint_id: UUID) -> ClaimedDelivery | None:
        """See Outbox."""
        for delivery in self.deliveries:
            if delivery.endpoint_id == endpoint_id:
                self.deliveries.remove(delivery)
                return delivery
        return None

    async def delivered(self, delivery: ClaimedDelivery, answer: Answer) -> None:
        """See Outbox."""
        self.ends.append((delivery.event_id, answer, 0.0))

    async def failed(self, delivery: ClaimedDelivery, answer: Answer, *, next_try_s: float | None) -> None:
        """See Outbox."""
        self.ends.append((delivery.event_id, answer, next_try_s))

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
