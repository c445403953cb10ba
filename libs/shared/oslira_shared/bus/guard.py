"""Runs a durable subscriber only while its consumer exists.

A subscriber that starts first would create the consumer with wrong limits; one whose consumer was deleted uses most of a core
until the consumer is made again.
"""

import asyncio
from typing import Final

import structlog
from faststream.nats.subscriber.usecases import PullStreamSubscriber
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from oslira_shared.bus.topology import Consumer
from oslira_shared.observability.server_words import server_words

_LOG = structlog.get_logger()
_LOOK_EVERY_S: Final = 1.0


class ConsumerGuard:
    """Starts and stops one subscriber as its consumer appears and disappears."""

    def __init__(self, consumer: Consumer, subscriber: PullStreamSubscriber) -> None:
        self.consumer = consumer
        self._subscriber = subscriber
        self.is_pulling = False

    async def run(self, jetstream: JetStreamContext) -> None:
        """Runs until cancelled. A server that doesn't answer changes nothing: the pull itself waits and resumes."""
        while True:
            try:
                await jetstream.consumer_info(self.consumer.stream, self.consumer.name, timeout=2)
            except NotFoundError:
                if self.is_pulling:
                    _LOG.warning("consumer_gone", consumer=self.consumer.name)
                await self.pause()
            except Exception as error:  # noqa: BLE001  # no server, no answer: look again
                _LOG.debug("consumer_not_seen", consumer=self.consumer.name, reason=server_words(error))
            else:
                await self._resume()
            await asyncio.sleep(_LOOK_EVERY_S)

    async def pause(self) -> None:
        """Stop pulling; a running handler finishes."""
        if not self.is_pulling:
            return
        self.is_pulling = False
        await self._subscriber.stop()

    async def _resume(self) -> None:
        if not self.is_pulling:
            await self._subscriber.start()
            self.is_pulling = True
            _LOG.info("consumer_pulling", consumer=self.consumer.name)
