"""Webhooks in memory, for tests."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from oslira_gateway.webhooks.answer import Answer
from oslira_gateway.webhooks.ports import ClaimedDelivery


class MemoryOutbox:
    """Implements Outbox; records the result of each delivery."""

    def __init__(self) -> None:
        self.deliveries: list[ClaimedDelivery] = []
        self.ends: list[tuple[UUID, Answer, float | None]] = []
        self.handed_back: list[Any] = []

    async def waiting(self) -> Sequence[tuple[UUID, float]]:
        return [(endpoint_id, 0.0) for endpoint_id in {delivery.endpoint_id for delivery in self.deliveries}]

    async def claim_next(self, endpoint_id: UUID) -> ClaimedDelivery | None:
        for delivery in self.deliveries:
            if delivery.endpoint_id == endpoint_id:
                self.deliveries.remove(delivery)
                return delivery
        return None

    async def delivered(self, delivery: ClaimedDelivery, answer: Answer) -> None:
        self.ends.append((delivery.event_id, answer, 0.0))

    async def failed(self, delivery: ClaimedDelivery, answer: Answer, *, next_try_s: float | None) -> None:
        self.ends.append((delivery.event_id, answer, next_try_s))

    async def release(self, claim: Any) -> None:
        self.handed_back.append(claim)


class MemorySender:
    """Implements Sender with the answers of the test."""

    def __init__(self, answer: Callable[[], Answer] = lambda: Answer(200)) -> None:
        self.answer = answer
        self.posted: list[tuple[str, dict[str, str], str]] = []

    async def post(self, url: str, headers: dict[str, str], body: str) -> Answer:
        self.posted.append((url, headers, body))
        return self.answer()
