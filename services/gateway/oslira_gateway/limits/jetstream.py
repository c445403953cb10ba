"""Counters on the bus: the server adds and returns the new total, so they are exact for any number of replicas."""

import asyncio
import json
import time
from collections.abc import Sequence
from typing import Any, Final

import structlog
from nats.errors import Error as NatsError
from nats.js.errors import APIError
from oslira_shared.bus.connection import Bus
from oslira_shared.bus.topology import LIMITS_BUCKET

from oslira_gateway.limits.ports import CountersUnavailable

_LOG = structlog.get_logger()
# Far above the usual millisecond, so that a busy event loop is not taken for an unavailable bus.
_WITHIN_S: Final = 2.0
# After a timeout the bus is not tried for this long; otherwise each request would wait for the timeout.
_PAUSE_S: Final = 5.0
_PLUS_ONE: Final = {"Nats-Incr": "1"}
_STREAM: Final = f"KV_{LIMITS_BUCKET}"


class JetStreamCounters:
    """Implements Counters. Never retries: a count without a response may have been added."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._unavailable_until_s = 0.0

    async def add(self, keys: Sequence[str]) -> Sequence[int]:
        if not self._bus.is_connected or time.monotonic() < self._unavailable_until_s:
            raise CountersUnavailable
        try:
            async with asyncio.timeout(_WITHIN_S):
                return await asyncio.gather(*(self._plus_one(key) for key in keys))
        except (NatsError, TimeoutError, OSError) as error:
            self._unavailable_until_s = time.monotonic() + _PAUSE_S
            reason = self._bus.store.failed(_STREAM, error)
            _LOG.warning("requests_not_counted", reason=reason, for_s=_PAUSE_S)
            raise CountersUnavailable from error

    async def _plus_one(self, key: str) -> int:
        subject = f"$KV.{LIMITS_BUCKET}.{key}"
        answer = await self._bus.client.request(subject, b"", timeout=_WITHIN_S, headers=_PLUS_ONE)
        acknowledged: dict[str, Any] = json.loads(answer.data)
        if "error" in acknowledged:
            raise APIError.from_error(acknowledged["error"])
        if "val" not in acknowledged:  # the stream has no counters (yet)
            raise NatsError
        self._bus.store.stored(_STREAM)
        return int(acknowledged["val"])
