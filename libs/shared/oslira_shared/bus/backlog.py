"""Which messages of a work queue still wait: a hint that lies there need not be said again."""

from datetime import datetime
from typing import Final

from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from oslira_shared.bus.topology import CONSUMERS

_INFO_S: Final = 2.0


async def waiting_since(jetstream: JetStreamContext, name: str) -> datetime | None:
    """When the oldest message was stored that the consumer `name`, of one subject, has not handed out yet, by the server's clock.

    A consumer hands out in order, so all that was stored since then waits too. None: nothing waits, or nothing is known.
    Messages that were handed out don't count: one that nobody can handle must not hold up the others' repetition.
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
    except NotFoundError:  # handed out meanwhile, or all of it was wiped
        return None
    except (NatsError, TimeoutError):
        return None
    return oldest.time
