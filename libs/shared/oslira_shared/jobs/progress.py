"""A job's counts so far. They are stored with its row once a second, so that a crash loses at most a second of them."""

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
    """`deleted` is by table; `found` counts the problems that a checking job found; `reasons` names the first failed items.

    A later attempt continues the counts, except the failures: those items are tried again.
    """

    succeeded: int = 0
    failed: int = 0
    found: int = 0
    deleted: dict[str, int] = field(default_factory=dict[str, int])
    reasons: list[str] = field(default_factory=list[str])

    @property
    def processed(self) -> int:
        """Items that were processed, successful or failed."""
        return self.succeeded + self.failed

    @asynccontextmanager
    async def item(self, name: str) -> AsyncGenerator[None]:
        """One item. If it fails, it is counted and named, and the job continues with the next."""
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
        """Delete from `table` batch by batch, until a batch finds nothing. An error is one failed item; other tables continue."""
        async with self.item(table):
            while count := await delete_batch():
                self.deleted[table] = self.deleted.get(table, 0) + count

    def as_counts(self) -> dict[str, Any]:
        """The value of `job_runs.counts`."""
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
        """The counts of an earlier attempt."""
        return cls(succeeded=counts.get("succeeded", 0), deleted=dict(counts.get("deleted", {})))


Job: TypeAlias = Callable[[datetime, JobProgress], Awaitable[None]]  # its slot, and its progress
