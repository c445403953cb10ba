"""Repair the bus topology from its table, so that no manual step is needed after the bus lost its data."""

from dataclasses import dataclass
from typing import Final

import structlog
from oslira_shared.errors import OsliraError

from oslira_scheduler.application.ports import Slots, Topology
from oslira_scheduler.metrics import TOPOLOGY_REPAIRS

_LOG = structlog.get_logger()
TICKS_LOST: Final = "stream TICKS created"


@dataclass(frozen=True, slots=True)
class KeepTopology:
    """One pass, every two seconds."""

    topology: Topology
    slots: Slots

    async def __call__(self) -> None:
        """While the bus is unavailable this does nothing; the next pass checks again."""
        if not self.topology.is_reachable:
            return
        try:
            changes = await self.topology.repair()
        except OsliraError as error:
            _LOG.warning("topology_not_checked", reason=str(error))
            return
        for change in changes:
            _LOG.info("topology_repaired", change=change)
        TOPOLOGY_REPAIRS.inc(len(changes))
        if TICKS_LOST in changes:
            await self.slots.requeue_latest()
