"""Bulks end with the last run they list, and may end early: enough good leads, or their user's word.

A run's end looks at its bulks after it has committed, each under its row's lock. So the second of two that end at once sees both,
and nobody who holds a run ever waits for a bulk. A look that a crash prevented is made up for by the sweep.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol
from uuid import UUID

import structlog
from oslira_shared.errors import OsliraError

from oslira_analysis.application.ports import Announcer, Queue
from oslira_analysis.application.promote_tasks import promote_tasks
from oslira_analysis.application.rows import Effects

_LOG = structlog.get_logger()
_ENDED: Final = frozenset({"completed", "failed", "cancelled"})


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


class ClosingAnnouncer:
    """The Announcer that looks at bulks too: whoever ends runs announces them, so no end can forget its bulk."""

    def __init__(self, inner: Announcer, bulks: Bulks, news: BulkNews) -> None:
        self._inner = inner
        self._bulks = bulks
        self._news = news

    async def announce(self, effects: Effects, *, is_repeat: bool = False) -> None:
        await self._inner.announce(effects, is_repeat=is_repeat)
        ended = [row["id"] for row in effects.runs if row["state"] in _ENDED and row["settled_at"] is None]
        if not ended or is_repeat:
            return
        try:
            changes = await self._bulks.close_listing(ended)
        except Exception:  # noqa: BLE001  # the runs have ended and are told: the sweep closes the bulk
            _LOG.exception("bulk_not_closed")
            return
        await self.tell(changes)

    async def tell(self, changes: BulkChanges, *, is_repeat: bool = False) -> None:
        """Bulks that have ended, and runs that were ended with them."""
        for bulk in changes.ended:
            await self._news.ended(bulk, is_repeat=is_repeat)
        if changes.effects.hints or changes.effects.runs:
            await self.announce(changes.effects)


async def sweep_bulks(bulks: Bulks, announcer: ClosingAnnouncer) -> None:
    """For the loop beside the runs' sweep."""
    await announcer.tell(await bulks.due(), is_repeat=True)


async def cancel_bulk(
    bulk_id: UUID, account_id: UUID, bulks: Bulks, queue: Queue, announcer: ClosingAnnouncer
) -> str:
    """End what the bulk still has at work. Its state before: `open`, or `ended`. Raises OsliraError `bulk_not_found`."""
    found = await bulks.cancel(bulk_id, account_id)
    if found is None:
        raise OsliraError("bulk_not_found", "There is no such bulk in this account.")
    state, changes = found
    await announcer.tell(changes)
    await promote_tasks(queue, announcer)
    return state
