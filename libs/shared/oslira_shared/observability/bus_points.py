"""Sends data points. Callers never wait: a point is put into a bounded queue, and is lost if the queue is full."""

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, Protocol
from uuid import UUID

from oslira_shared.contracts.base import Contract
from oslira_shared.contracts.points import (
    MAX_LABEL_CHARS,
    MAX_POINTS,
    Metric,
    Point,
    PointBatch,
    points_subject,
)
from oslira_shared.errors import OsliraError
from oslira_shared.ids import new_id
from oslira_shared.observability.metrics import POINTS
from oslira_shared.runtime import Runtime

# A few megabytes at most: ten seconds of a process that measures a thousand times a second.
CAPACITY: Final = 10_000
_SEND_EVERY_S: Final = 1.0
# Events are kept for a week, and may fill their stream: points, which are many, are deleted after an hour.
_KEPT_S: Final = 3_600


class Publisher(Protocol):
    """The part of Bus that it uses."""

    service: str

    async def publish(self, subject: str, message: Contract, *, msg_id: str, ttl_s: int = 0) -> None:
        """Raises OsliraError `unavailable` when it wasn't confirmed."""
        ...


class BusPoints:
    """Implements Points. `now` is the process's own clock: it decides the hour of a point."""

    def __init__(
        self,
        bus: Publisher,
        *,
        capacity: int = CAPACITY,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._bus = bus
        self._capacity = capacity
        self._now = now
        self._waiting: deque[tuple[datetime, UUID, str, str, int]] = deque()
        self._unsent: PointBatch | None = None
        self._sending = asyncio.Lock()

    def emit(self, metric: Metric, label: str, value_us: int, *, account_id: UUID) -> None:
        if len(self._waiting) >= self._capacity:
            POINTS.labels("dropped").inc()
        else:
            self._waiting.append((self._now(), account_id, metric.value, label, value_us))

    async def send(self) -> None:
        """Publish the queue until it is empty or the bus rejects a batch: that batch is sent first the next time."""
        async with self._sending:
            while batch := self._next():
                try:
                    await self._bus.publish(
                        points_subject(self._bus.service), batch, msg_id=str(batch.batch_id), ttl_s=_KEPT_S
                    )
                except OsliraError:
                    return
                POINTS.labels("sent").inc(len(batch.points))
                self._unsent = None

    def _next(self) -> PointBatch | None:
        if self._unsent is None and self._waiting:
            taken = [self._waiting.popleft() for _ in range(min(MAX_POINTS, len(self._waiting)))]
            points = [
                Point(
                    at=at,
                    account_id=account_id,
                    metric=metric,
                    label=label[:MAX_LABEL_CHARS],
                    value_us=max(0, value_us),
                )
                for at, account_id, metric, label, value_us in taken
            ]
            self._unsent = PointBatch(batch_id=new_id(), points=points)
        return self._unsent


def send_points(runtime: Runtime) -> BusPoints:
    """Points of this process, sent every second and once more before it ends.

    Declare it before other steps of a drain: those may still measure.
    """
    points = BusPoints(runtime.bus)
    runtime.every(_SEND_EVERY_S, "send-points", points.send)
    runtime.on_drain(points.send)
    return points
