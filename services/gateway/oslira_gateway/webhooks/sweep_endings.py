"""Covers lost messages: read ends of runs and bulks in order of time, and record each again."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog

from oslira_gateway.webhooks.ports import Endings

_LOG = structlog.get_logger()
_SOURCES: Final = ("runs", "bulks")
_PAGE: Final = 200


@dataclass(frozen=True, slots=True)
class SweepEndings:
    """One pass. `older_than_s` must be longer than any transaction that ends a run: the cursor may only pass visible rows."""

    endings: Endings
    older_than_s: float

    async def __call__(self) -> None:
        """Until it has caught up. Two processes at once repeat each other's work, which changes nothing."""
        until = await self.endings.horizon(older_than_s=self.older_than_s)
        for source in _SOURCES:
            while not await self._page(source, until):
                pass

    async def _page(self, source: str, until: datetime) -> bool:
        events = await self.endings.missed(source, until=until, limit=_PAGE)
        made = sum([len(await self.endings.record(event)) for event in events])
        if made:
            _LOG.info("webhooks_recovered", source=source, deliveries=made)
        is_last = len(events) < _PAGE
        await self.endings.advance(source, until if is_last else events[-1])
        return is_last
