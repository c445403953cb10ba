"""Settle overdue holds. This recovers from crashes, lost messages and callers that disappeared."""

import asyncio
from collections import deque
from dataclasses import dataclass
from uuid import UUID

import structlog
from oslira_shared.errors import OsliraError

from oslira_credits.application.ports import Ledger
from oslira_credits.application.settle_hold import NotAnnounced, SettleHold

_LOG = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SettleDueHolds:
    """At most `limit` per pass, `concurrency` at the same time."""

    ledger: Ledger
    settle: SettleHold
    limit: int = 500
    concurrency: int = 8

    async def __call__(self) -> int:
        """Returns how many were settled. Those that cannot be decided now stay open and are due again in a few seconds."""
        waiting = deque(await self.ledger.due(limit=self.limit))
        settled = await asyncio.gather(*(self._work(waiting) for _ in range(self.concurrency)))
        return sum(settled)

    async def _work(self, waiting: deque[UUID]) -> int:
        settled = 0
        while waiting:
            hold_id = waiting.popleft()
            try:
                settled += await self.settle(hold_id) is not None
            except OsliraError as error:
                _LOG.warning("hold_settlement_postponed", hold_id=str(hold_id), reason=str(error))
                # A bus that cannot store must not keep credits held: it fails at once, and the ledger works.
                if error.code == "unavailable" and not isinstance(error, NotAnnounced):
                    waiting.clear()  # the others would wait for the same timeout
            except Exception:  # noqa: BLE001  # one hold that can't be settled must not hold up the rest
                _LOG.exception("hold_not_settled", hold_id=str(hold_id))
        return settled
