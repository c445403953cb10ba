"""Ports and records of bulks."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from oslira_analysis.application.rows import Effects


@dataclass(frozen=True, slots=True)
class EndedBulk:
    """A bulk that has ended, so its hold can be settled."""

    bulk_id: UUID
    account_id: UUID


@dataclass(slots=True)
class BulkChanges:
    """What a check of bulks has changed, to be published after its commit."""

    ended: list[EndedBulk] = field(default_factory=list[EndedBulk])
    effects: Effects = field(default_factory=Effects)


class Bulks(Protocol):
    """Bulks and the runs that they list."""

    async def close_listing(self, run_ids: Sequence[UUID]) -> BulkChanges:
        """Check every bulk that lists one of these runs: close it if all its runs have ended, stop it if it has enough leads."""
        ...

    async def due(self) -> BulkChanges:
        """The same for bulks that are due. One that has ended and is not settled is published again."""
        ...

    async def cancel(self, bulk_id: UUID, account_id: UUID) -> tuple[str, BulkChanges] | None:
        """(its previous state, what changed); None if the account has no such bulk."""
        ...


class BulkEvents(Protocol):
    """Publish that a bulk has ended. Never raises: the sweep publishes it again."""

    async def ended(self, bulk: EndedBulk, *, is_repeat: bool) -> bool:
        """Whether the bus stored it."""
        ...
