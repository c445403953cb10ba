"""A message says that a run or a bulk ended: read how, and create a delivery for each subscribed endpoint."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from oslira_shared.contracts.analysis.v1 import bulk_ended_id, run_ended_id

from oslira_gateway.webhooks.ports import Endings


@dataclass(frozen=True, slots=True)
class RecordEnding:
    """The message only has the id; the account and the end are read from the row."""

    endings: Endings

    async def run(self, run_id: UUID) -> Sequence[UUID]:
        """Returns the endpoints with a new delivery."""
        ending = await self.endings.of_run(run_id)
        return () if ending is None else await self.endings.record(ending.event(run_ended_id(run_id)))

    async def bulk(self, bulk_id: UUID) -> Sequence[UUID]:
        """Returns the endpoints with a new delivery."""
        ending = await self.endings.of_bulk(bulk_id)
        return () if ending is None else await self.endings.record(ending.event(bulk_ended_id(bulk_id)))
