"""Items that this process has just scraped: the runs that waited for them need not fetch them from the cache."""

import asyncio
from typing import Final
from uuid import UUID

from oslira_analysis.application.ports import Item

_KEPT_S: Final = 60.0
_MOST: Final = 64


class AtHand:
    """By scrape, so that nobody is given an older item than the one it waited for. Losing one costs a look into the cache."""

    def __init__(self) -> None:
        self._items: dict[UUID, Item] = {}

    def keep(self, scrape_id: UUID, item: Item) -> None:
        """For a minute, or until many others have come."""
        self._items[scrape_id] = item
        if len(self._items) > _MOST:
            del self._items[next(iter(self._items))]
        asyncio.get_running_loop().call_later(_KEPT_S, self._items.pop, scrape_id, None)

    def find(self, scrape_id: UUID | None) -> Item | None:
        """None: it was scraped elsewhere, or a while ago."""
        return None if scrape_id is None else self._items.get(scrape_id)
