"""The only place that wires the scheduler's concrete classes."""

from typing import Final

from oslira_shared.postgres.clients import AdminClient
from oslira_shared.postgres.schema_check import SchemaCheck
from oslira_shared.runtime import Runtime

from oslira_scheduler.application.keep_topology import KeepTopology
from oslira_scheduler.application.publish_due_ticks import PublishDueTicks
from oslira_scheduler.infrastructure.nats import NatsTopology
from oslira_scheduler.infrastructure.postgres import PostgresSlots
from oslira_scheduler.settings import SchedulerSettings

_LOOK_AT_TOPOLOGY_S: Final = 2.0
_LOOK_AT_CLOCK_S: Final = 1.0


async def build(runtime: Runtime, settings: SchedulerSettings) -> None:
    """Declare everything; the runtime starts it."""
    runtime.health.required["schema"] = SchemaCheck(runtime.database, "scheduler.ticks_published")
    slots = PostgresSlots(AdminClient(runtime.database))
    keep_topology = KeepTopology(NatsTopology(runtime.bus, replicas=settings.stream_replicas), slots)
    runtime.bus.on_connected(keep_topology)  # every other service waits for its consumer
    runtime.every(_LOOK_AT_TOPOLOGY_S, "keep_topology", keep_topology)
    runtime.every(_LOOK_AT_CLOCK_S, "publish_due_ticks", PublishDueTicks(slots, runtime.bus))
