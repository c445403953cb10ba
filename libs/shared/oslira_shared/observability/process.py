"""Metrics of the process itself: the event loop's lag, connections in use, and the bus."""

import asyncio

from oslira_shared.bus.connection import Bus
from oslira_shared.observability import metrics
from oslira_shared.postgres.clients import Pool

_NAP_S = 0.1


async def measure_process(bus: Bus, database: Pool) -> None:
    """Set the gauges, and sleep for a moment to measure the loop's lag."""
    metrics.BUS_CONNECTED.set(bus.is_connected)
    size, idle = database.get_size(), database.get_idle_size()
    metrics.POOL_CONNECTIONS.labels("busy").set(size - idle)
    metrics.POOL_CONNECTIONS.labels("idle").set(idle)
    metrics.POOL_CONNECTIONS.labels("limit").set(database.get_max_size())
    loop = asyncio.get_running_loop()
    woken_at = loop.time() + _NAP_S
    await asyncio.sleep(_NAP_S)
    metrics.EVENT_LOOP_LAG_SECONDS.observe(max(0.0, loop.time() - woken_at))
