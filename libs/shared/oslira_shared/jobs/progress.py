"""What a job has done so far, kept with its row while it works, so that a crash loses at most a second of it."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeAlias

import structlog

from oslira_shared.observability.scrub import scrub_text

_LOG = structlog.get_logger()
_MOST_REASONS: Final = 20
_MOST_REASON_CHARS: Final = 200


@dataclass(slots=True)
class JobProgress:
    """`deleted` is by table; `found` is what a job that only looks has found amiss; `reasons` names the first failed items.

    An attempt that follows another counts on, but for the failures: those items get another chance.
    """

    succeeded: int = 0
    failed: int = 0
    found: int = 0
    deleted: dict[str, int] = field(default_factory=dict[str, int])
    reasons: list[str] = field(default_factory=list[str])

    @property
    def processed(self) -> int:
        """Items looked at, done or not."""
        return self.succeeded + self.failed

    @asynccontextmanager
    async def item(self, name: str) -> AsyncGenerator[None]:
        """One item's work. If it fails it is counted and named, and the job goes on with the next."""
        try:
            yield
        except Exception as error:  # noqa: BLE001  # one failing item doesn't stop the rest
            self.failed += 1
            if len(self.reasons) < _MOST_REASONS:
                self.reasons.append(
                    f"{name}: {type(error).__name__}: {scrub_text(str(error))}"[:_MOST_REASON_CHARS]
                )
            _LOG.warning("job_item_failed", part=name, exc_info=error)
        else:
            self.succeeded += 1

    async def empty(self, table: str, delete_batch: Callable[[], Awaitable[int]]) -> None:
        """Delete from `table` batch by batch, until a batch finds nothing. What fails is one item; other tables go on."""
        async with self.item(table):
            while count := await delete_batch():
                self.deleted[table] = self.deleted.get(table, 0) + count

    def as_counts(self) -> dict[str, Any]:
        """As `job_runs.counts` keeps it."""
        return {
            "processed": self.processed,
            "succeeded": self.succeeded,
            "failed": self.failed,
            "found": self.found,
            "deleted": self.deleted,
            "reasons": self.reasons,
        }

    @classmethod
    def carried_on(cls, counts: Mapping[str, Any]) -> "JobProgress":
        """From what an earlier attempt left."""
        return cls(succeeded=counts.get("succeeded", 0), deleted=dict(counts.get("deleted", {})))


Job: TypeAlias = Callable[[datetime, JobProgress], Awaitable[None]]  # its slot, and where it counts
