"""Analysis's part of the daily clean-up: delete soft-deleted and old rows permanently. Totals stay on the runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from oslira_shared.jobs import JobProgress


class Expired(Protocol):
    """Rows that are due for deletion."""

    @property
    def tables(self) -> Mapping[str, str]:
        """Each table or column that is cleared, and why, in the required order."""
        ...

    async def delete_batch(self, table: str) -> int:
        """One short transaction with a bounded lock time. Returns the number of rows."""
        ...


@dataclass(frozen=True, slots=True)
class DailyCleanup:
    """A job. A failure in one table does not stop the others."""

    expired: Expired

    async def __call__(self, _slot: datetime, progress: JobProgress) -> None:
        """Counts rows by table."""
        for table in self.expired.tables:
            await progress.empty(table, lambda table=table: self.expired.delete_batch(table))
