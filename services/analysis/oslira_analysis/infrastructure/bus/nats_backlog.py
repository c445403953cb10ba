"""Queued hints in the stream."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from oslira_shared.bus.connection import Bus

# The consumer of hints about rows in each state.
_CONSUMERS: Final[Mapping[str, tuple[str, ...]]] = {
    "analysis_run": ("queued",),
    "analysis_score": ("scoring",),
    "analysis_scrape": ("starting", "running", "aborting"),
}


class NatsBacklog:
    """Implements Backlog."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def waiting_since(self) -> Mapping[str, datetime]:
        found = await asyncio.gather(*map(self._bus.waiting_since, _CONSUMERS))
        return {
            state: since
            for states, since in zip(_CONSUMERS.values(), found, strict=True)
            if since is not None
            for state in states
        }
