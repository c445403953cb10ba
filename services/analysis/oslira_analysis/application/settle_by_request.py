"""Settles holds by a request to credits when the bus cannot store the event that their runs ended."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from oslira_analysis.application.after_commit import AfterCommit
from oslira_analysis.application.ports import Settlements

# Of one pass; the others are due again in seconds. Each may take as long as a request may.
_AT_ONCE: Final = 32


class SettlementRequests(Protocol):
    """Requests to credits."""

    async def settle(self, hold_id: UUID) -> None:
        """Settle the hold of an ended run or bulk. Never raises: the sweep repeats it."""
        ...


@dataclass(frozen=True, slots=True)
class SettleByRequest:
    """One pass for runs and bulks that have ended."""

    requests: SettlementRequests
    settlements: Settlements
    after: AfterCommit

    async def __call__(self, hold_ids: Sequence[UUID]) -> None:
        """At most 32 of them."""
        await asyncio.gather(*map(self._settle, hold_ids[:_AT_ONCE]))

    async def _settle(self, hold_id: UUID) -> None:
        await self.requests.settle(hold_id)
        # Whatever was answered: credits may have settled it and failed to publish that.
        await self.after.publish(await self.settlements.mark_settled(hold_id))
