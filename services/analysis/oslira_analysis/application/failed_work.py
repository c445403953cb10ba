"""Runs that failed, for operators to look at."""

from typing import Protocol
from uuid import UUID

from oslira_shared.contracts.failed import FailedDetail, FailedItem, FailedQuery


class FailedWork(Protocol):
    """Runs that failed. Nothing of it names anybody."""

    async def newest(self, query: FailedQuery) -> list[FailedItem]:
        """Newest first."""
        ...

    async def show(self, item_id: UUID) -> FailedDetail:
        """Raises OsliraError `not_found`."""
        ...
