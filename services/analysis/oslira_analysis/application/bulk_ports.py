"""Bulks, as use cases see them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from oslira_analysis.application.rows import Effects


@dataclass(frozen=True, slots=True)
class EndedBulk:
    """Its hold can be settled."""

    bulk_id: UUID
    account_id: UUID


@dataclass(slots=True)
class BulkChanges:
    """What a look at bulks has changed, to be announced after its commit."""

    ended: list[EndedBulk] = field(default_factory=list[EndedBulk])
    effects: Effects = field(default_factory=Effects)


class Bulks(Protocol):
    """Bulks and what they list."""

    async def close_listing(self, run_ids: Sequence[UUID]) -> BulkChanges:
        """Look at every bulk that lists one of these runs: close it if all has ended, stop it if it has enough leads."""
        ...

    async def due(self) -> BulkChanges:
        """The same for those whose time has come; one that has ended and isn't settled is told again."""
        ...

    async def cancel(self, bulk_id: UUID, account_id: UUID) -> tuple[str, BulkChanges] | None:
        """(its state before, what changed); None when the account has no such bulk."""
        ...


class BulkNews(Protocol):
    """Tells that a bulk has ended. Never raises: the sweep says it again."""

    async def ended(self, bulk: EndedBulk, *, is_repeat: bool) -> None: ...
