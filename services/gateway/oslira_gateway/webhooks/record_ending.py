"""A run or a bulk is said to have ended: read how, and make a delivery for each endpoint that wants to know."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from oslira_shared.contracts.analysis.v1 import bulk_ended_id, run_ended_id

from oslira_gateway.webhooks.ports import Endings


@dataclass(frozen=True, slots=True)
class RecordEnding:
    """The message only says where to look: whose run it is, and how it ended, is what the row says."""

    endings: Endings

    async def run(self, run_id: UUID) -> Sequence[UUID]:
        """The endpoints that have something new."""
        ending = await self.endings.of_run(run_id)
        return () if ending is None else await self.endings.record(ending.event(run_ended_id(run_id)))

    async def bulk(self, bulk_id: UUID) -> Sequence[UUID]:
        """The endpoints that have something new."""
        ending = await self.endings.of_bulk(bulk_id)
        return () if ending is None else await self.endings.record(ending.event(bulk_ended_id(bulk_id)))
