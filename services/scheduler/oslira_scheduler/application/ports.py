"""What the scheduler needs, in its words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from oslira_shared.contracts.base import Contract


@dataclass(frozen=True, slots=True)
class Slot:
    """A moment at which a job's tick is owed."""

    job: str
    at: datetime


class Slots(Protocol):
    """Which slots have come and which of them are published, shared by all replicas."""

    async def now(self) -> datetime:
        """The database's clock: replicas must agree on what has come."""
        ...

    async def latest(self) -> dict[str, datetime]:
        """The newest slot recorded of each job."""
        ...

    async def begin(self, slot: Slot) -> None:
        """Count a job from here on; nothing is owed for this slot or older ones. Once per job."""
        ...

    async def enqueue(self, slots: Sequence[Slot]) -> None:
        """Record slots that have come. Those known stay as they are."""
        ...

    async def claim(self, *, limit: int) -> list[Slot]:
        """Owed slots, oldest first, that nobody else publishes right now; ours for some seconds."""
        ...

    async def published(self, slot: Slot) -> None:
        """Owed no more."""
        ...

    async def owe_latest_again(self) -> None:
        """The newest slot of each job is owed again: the stream was lost, or an owner was. Owners act once all the same."""
        ...


class Publisher(Protocol):
    """The bus, as far as a tick goes."""

    async def publish(self, subject: str, message: Contract, *, msg_id: str) -> None:
        """Raises OsliraError `unavailable` unless it was stored."""
        ...


class Topology(Protocol):
    """The bus's streams, consumers and buckets."""

    @property
    def is_reachable(self) -> bool:
        """Whether there is a server to look at."""
        ...

    async def repair(self) -> list[str]:
        """Make it what the one table says; one line per change. Raises OsliraError `unavailable`."""
        ...
