"""Counters on the bus: the server adds and answers with the new total, so they are exact however many replicas there are."""

import asyncio
import json
import time
from collections.abc import Sequence
from typing import Any, Final

import structlog
from nats.errors import Error as NatsError
from oslira_shared.bus.connection import Bus
from oslira_shared.bus.topology import LIMITS_BUCKET

from oslira_gateway.limits.ports import CountersUnavailable

_LOG = structlog.get_logger()
# Far above what a count takes (a millisecond), so that a busy moment of ours is not taken for an absent bus.
_WITHIN_S: Final = 2.0
# A bus that hangs would otherwise cost every request the whole of that.
_PAUSE_S: Final = 5.0
_PLUS_ONE: Final = {"Nats-Incr": "1"}


class JetStreamCounters:
    """The port Counters. Never retries: a count whose answer was lost may have been taken, and the next request asks anew."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._away_until_s = 0.0

    async def add(self, keys: Sequence[str]) -> Sequence[int]:
        if not self._bus.is_connected or time.monotonic() < self._away_until_s:
            raise CountersUnavailable
        try:
            async with asyncio.timeout(_WITHIN_S):
                return await asyncio.gather(*(self._plus_one(key) for key in keys))
        except (NatsError, TimeoutError, OSError) as error:
            self._away_until_s = time.monotonic() + _PAUSE_S
            _LOG.warning("requests_not_counted", reason=type(error).__name__, for_s=_PAUSE_S)
            raise CountersUnavailable from error

    async def _plus_one(self, key: str) -> int:
        subject = f"$KV.{LIMITS_BUCKET}.{key}"
        answer = await self._bus.client.request(subject, b"", timeout=_WITHIN_S, headers=_PLUS_ONE)
        acknowledged: dict[str, Any] = json.loads(answer.data)
        if "val" not in acknowledged:  # refused: the stream is not (yet) one that counts
            raise NatsError
        return int(acknowledged["val"])
