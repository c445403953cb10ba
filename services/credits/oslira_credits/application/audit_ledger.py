"""The audit: everything that has to add up, looked at in one moment. Differences are named, kept and measured; none is mended."""

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
# Settlements are retried for as long as analysis is away; RunsNotSettled watches those.
SETTLING_S: Final = 60.0


class AuditStore(Protocol):
    """The ledger, the runs and the payments."""

    async def differences(self, *, settling_s: float) -> Sequence[Difference]:
        """What doesn't add up, as of one moment. What is only under way is no difference.

        A run that ended less than `settling_s` ago may have an open hold.
        """
        ...

    async def keep(self, differences: Sequence[Difference]) -> None:
        """Store what is so now; what was stored and is so no more is marked resolved."""
        ...


@dataclass(frozen=True, slots=True)
class AuditLedger:
    """A job. A difference is no failure of the job: trying again would not mend it."""

    store: AuditStore
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def look(self, *, settling_s: float = SETTLING_S) -> Sequence[Difference]:
        """What is so now. One look at a time in this process: each reads all of the ledger."""
        async with self._one_at_a_time:
            with AUDIT_SECONDS.time():
                return await self.store.differences(settling_s=settling_s)

    async def __call__(self, _slot: datetime, progress: JobProgress) -> None:
        """Counts what was found; it stands in credits.differences, which a figure counts, and in the log."""
        found = await self.look()
        await self.store.keep(found)
        progress.succeeded = 1
        progress.found = len(found)
        for one in found[:_MOST_LOGGED]:
            _LOG.error("audit_found", what=one.what, ref=one.id, detail=one.detail)
