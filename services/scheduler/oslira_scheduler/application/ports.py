"""The ports of the scheduler."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from oslira_shared.contracts.base import Contract


@dataclass(frozen=True, slots=True)
class Slot:
    """A time at which a job's tick is due."""

    job: str
    at: datetime


class Slots(Protocol):
    """Slots and which of them are published, shared by all replicas."""

    async def now(self) -> datetime:
        """The database's clock: replicas must agree on which slots are due."""
        ...

    async def latest(self) -> dict[str, datetime]:
        """The newest recorded slot of each job."""
        ...

    async def begin(self, slot: Slot) -> None:
        """Start a job at this slot; this and older ones are not due. Once per job."""
        ...

    async def enqueue(self, slots: Sequence[Slot]) -> None:
        """Record slots as due. Existing ones are unchanged."""
        ...

    async def claim(self, *, limit: int) -> list[Slot]:
        """Due slots, oldest first, that no other replica publishes; leased for some seconds."""
        ...

    async def published(self, slot: Slot) -> None:
        """They are published."""
        ...

    async def requeue_latest(self) -> None:
        """Make the newest slot of each job due again, after the stream was lost. Owners still run it once."""
        ...


class Publisher(Protocol):
    """Publishes ticks to the bus."""

    async def publish(self, subject: str, message: Contract, *, msg_id: str) -> None:
        """Raises OsliraError `unavailable` unless it was stored."""
        ...


class Topology(Protocol):
    """The bus's streams, consumers and buckets."""

    @property
    def is_reachable(self) -> bool:
        """Whether the server is reachable."""
        ...

    async def repair(self) -> list[str]:
        """Apply the topology; one line per change. Raises OsliraError `unavailable`."""
        ...
