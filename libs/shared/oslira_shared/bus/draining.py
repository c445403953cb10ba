"""Draining a responder: requests that arrived before the stop are answered."""

import asyncio
from contextlib import suppress
from typing import Any, Final

from nats.errors import Error as NatsError

_ANSWER_THE_REST_S: Final = 10.0


async def answer_the_rest(responder: Any) -> None:
    """Leave the queue group, then answer what arrived before: FastStream's own stop drops it, and the caller would time out."""
    subscription, responder.subscription = responder.subscription, None
    if subscription is None:
        return
    with suppress(TimeoutError, NatsError):
        async with asyncio.timeout(_ANSWER_THE_REST_S):
            await subscription.drain()
            # Drained means passed to the workers' queue; the workers have taken everything from it a moment later.
            while responder.send_stream.statistics().current_buffer_used:  # noqa: ASYNC110  (it has no event for it)
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.05)
