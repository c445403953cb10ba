"""Live progress of runs, from the bus."""

from uuid import UUID

import structlog
from nats.aio.msg import Msg
from oslira_shared.bus.connection import Bus
from oslira_shared.contracts.analysis.v1 import PROGRESS, Progress
from pydantic import ValidationError

from oslira_gateway.streams.feed import ProgressFeed

_LOG = structlog.get_logger()


class BusProgress:
    """One subscription per process to the progress of all runs. It is renewed after each reconnect."""

    def __init__(self, bus: Bus, feed: ProgressFeed) -> None:
        self._bus = bus
        self._feed = feed
        bus.on_connected(self._subscribe)

    async def _subscribe(self) -> None:
        await self._bus.client.subscribe(f"{PROGRESS}.*", cb=self.receive)

    async def receive(self, message: Msg) -> None:
        """Publish to the streams of this process. Messages of other runs are dropped by their subject, before they are parsed."""
        try:
            run_id = UUID(message.subject.rpartition(".")[2])
            if not message.data or not self._feed.is_watched(run_id):
                return
            progress = Progress.model_validate_json(message.data)
        except (ValueError, ValidationError):
            _LOG.warning("progress_not_readable")
            return
        if progress.run_id == run_id:
            self._feed.publish(progress)
