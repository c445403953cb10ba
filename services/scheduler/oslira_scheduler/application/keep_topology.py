"""Keep the bus what the one table says, so that nobody has to run anything after it was wiped."""

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
    """One pass, every other second."""

    topology: Topology
    slots: Slots

    async def __call__(self) -> None:
        """A bus that isn't there is somebody else's trouble; it is looked at again."""
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
            await self.slots.owe_latest_again()
