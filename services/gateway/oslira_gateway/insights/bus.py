"""Receives the data points of all services."""

from oslira_shared.bus.connection import Bus
from oslira_shared.contracts.points import PointBatch

from oslira_gateway.insights.postgres_points import PostgresPoints


def land_points(bus: Bus, points: PostgresPoints) -> None:
    """Declare the consumer."""

    @bus.consumer("gateway_points")
    async def on_points(batch: PointBatch) -> None:
        await points.land(batch)
