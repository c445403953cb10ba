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
    """The process's one subscription to every run's progress; it survives reconnects by itself."""

    def __init__(self, bus: Bus, feed: ProgressFeed) -> None:
        self._bus = bus
        self._feed = feed
        bus.on_connected(self._subscribe)

    async def _subscribe(self) -> None:
        await self._bus.client.subscribe(f"{PROGRESS}.*", cb=self.receive)

    async def receive(self, message: Msg) -> None:
        """Feed whoever watches; most runs are watched elsewhere or nowhere, and cost no more than a look at the subject."""
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
