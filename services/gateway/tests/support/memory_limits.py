"""Counters in memory, for tests."""

from collections import Counter
from collections.abc import Sequence

from oslira_gateway.limits.ports import CountersUnavailable


class MemoryCounters:
    """Implements Counters."""

    def __init__(self) -> None:
        self.totals: Counter[str] = Counter()
        self.is_away = False

    async def add(self, keys: Sequence[str]) -> Sequence[int]:
        if self.is_away:
            raise CountersUnavailable
        self.totals.update(keys)
        return [self.totals[key] for key in keys]
