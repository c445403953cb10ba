"""In-process cache of recently scraped items: runs that waited for them need not read them from the bucket."""

import asyncio
from typing import Final
from uuid import UUID

from oslira_analysis.application.ports import Item

_TTL_S: Final = 60.0
_MOST: Final = 64


class MemoryCache:
    """Keyed by scrape, so that a run never gets an older item than it waited for. A miss costs one read of the bucket."""

    def __init__(self) -> None:
        self._items: dict[UUID, Item] = {}

    def put(self, scrape_id: UUID, item: Item) -> None:
        """Stored for a minute, or until newer items displace it."""
        self._items[scrape_id] = item
        if len(self._items) > _MOST:
            del self._items[next(iter(self._items))]
        asyncio.get_running_loop().call_later(_TTL_S, self._items.pop, scrape_id, None)

    def find(self, scrape_id: UUID | None) -> Item | None:
        """None: another process scraped it, or the entry expired."""
        return None if scrape_id is None else self._items.get(scrape_id)
