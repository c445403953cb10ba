"""Which messages of a work queue still wait: a hint that is still queued need not be sent again."""

from datetime import datetime
from typing import Final

from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from oslira_shared.bus.topology import CONSUMERS

_INFO_S: Final = 2.0


async def waiting_since(jetstream: JetStreamContext, name: str) -> datetime | None:
    """When the oldest message that the consumer `name`, of one subject, has not delivered yet was stored, by the server's clock.

    A consumer delivers in order, so everything stored after it waits too. None: nothing waits, or it is unknown.
    Delivered messages don't count: one that cannot be handled must not hold up the repetition of others.
    """
    consumer = CONSUMERS[name]
    try:
        info = await jetstream.consumer_info(consumer.stream, name, timeout=_INFO_S)
        if not info.num_pending:
            return None
        oldest = await jetstream.get_msg(
            consumer.stream,
            seq=(info.delivered.stream_seq if info.delivered else 0) + 1,
            subject=consumer.filters[0],
            next=True,
            direct=True,
        )
    except NotFoundError:  # delivered in the meantime, or the stream was deleted
        return None
    except (NatsError, TimeoutError):
        return None
    return oldest.time
