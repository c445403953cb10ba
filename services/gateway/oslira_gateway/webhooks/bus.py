"""Subscribes to the ends of runs and bulks."""

from oslira_shared.bus.connection import Bus
from oslira_shared.contracts.analysis.v1 import HoldEnded

from oslira_gateway.webhooks.endpoint_queues import EndpointQueues
from oslira_gateway.webhooks.record_ending import RecordEnding


def subscribe(bus: Bus, record: RecordEnding, queues: EndpointQueues) -> None:
    """Declare the consumer; it pulls once the bus is connected and the consumer exists."""

    @bus.consumer("gateway_webhooks")
    async def on_ended(event: HoldEnded) -> None:
        # The end of a run names its bulk too.
        if event.run_id is not None:
            woken = await record.run(event.run_id)
        elif event.bulk_id is not None:
            woken = await record.bulk(event.bulk_id)
        else:
            return
        for endpoint_id in woken:
            await queues.wake(endpoint_id)
