"""The audit compares everything that must add up, in one snapshot. It records and counts differences; it repairs nothing."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

import structlog
from oslira_shared.jobs import JobProgress

from oslira_credits.domain.difference import Difference
from oslira_credits.metrics import AUDIT_SECONDS

_LOG = structlog.get_logger()
_MOST_LOGGED: Final = 100
# A settlement follows its run's end by a message; alert RunsNotSettled covers longer delays.
SETTLING_S: Final = 60.0


class AuditStore(Protocol):
    """Reads the ledger, the runs and the payments; stores the differences."""

    async def differences(self, *, settling_s: float) -> Sequence[Difference]:
        """All differences as of one snapshot. Work in progress is not a difference.

        A run that ended less than `settling_s` ago may have an open hold.
        """
        ...

    async def keep(self, differences: Sequence[Difference]) -> None:
        """Store the current differences; mark stored ones that no longer exist as resolved."""
        ...


@dataclass(frozen=True, slots=True)
class AuditLedger:
    """A job. A difference does not fail the job: a retry would not repair it."""

    store: AuditStore
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def look(self, *, settling_s: float = SETTLING_S) -> Sequence[Difference]:
        """The current differences. One audit at a time in this process: each reads the whole ledger."""
        async with self._one_at_a_time:
            with AUDIT_SECONDS.time():
                return await self.store.differences(settling_s=settling_s)

    async def __call__(self, _slot: datetime, progress: JobProgress) -> None:
        """Counts the differences. They are stored in credits.differences, exported as a metric, and logged."""
        found = await self.look()
        await self.store.keep(found)
        progress.succeeded = 1
        progress.found = len(found)
        for one in found[:_MOST_LOGGED]:
            _LOG.error("audit_found", what=one.what, ref=one.id, detail=one.detail)
