"""Stores messages in streams, and remembers which streams could not store one lately, in the server's own words.

A server may be connected and unable to store: its volume is full, a stream has reached a limit, or has no quorum.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from nats.errors import Error as NatsError
from nats.js import JetStreamContext, api
from nats.js.errors import NoStreamResponseError

from oslira_shared.bus.requests import SEND_S
from oslira_shared.bus.topology import STREAMS
from oslira_shared.deadline import within
from oslira_shared.errors import OsliraError
from oslira_shared.observability import metrics
from oslira_shared.observability.server_words import server_words

PUBLISH_S: Final = 5.0
# After an unconfirmed message one publisher tries again at a time; the others fail at once instead of after the limit.
_PAUSE_S: Final = 1.0
# A failure is reported for this long after the last one, if nothing was stored in the meantime.
_REPORTED_S: Final = 30.0


@dataclass(slots=True)
class _Failure:
    reason: str
    at_s: float
    try_at_s: float


class StreamStore:
    """Publishes for one connection. `clock_s` is monotonic."""

    def __init__(self, *, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._failures: dict[str, _Failure] = {}
        for stream in STREAMS:
            metrics.NOT_STORED.labels(str(stream.name))  # 0, or an alert would miss the first

    async def publish(  # the parts of a message, and its time limit
        self,
        jetstream: JetStreamContext,
        subject: str,
        body: bytes,
        *,
        stream: str,
        headers: Mapping[str, str],
        timeout_s: float = PUBLISH_S,
    ) -> api.PubAck:
        """Raises OsliraError `unavailable`, with the server's reason, when the message isn't confirmed within `timeout_s`.

        Unconfirmed is not the same as not stored.
        """
        if (reason := self._paused(stream, timeout_s)) is not None:
            raise OsliraError("unavailable", f"{subject} was not stored: {reason}")
        try:
            publishing = jetstream.publish(
                subject, body, stream=stream, timeout=timeout_s, headers=dict(headers)
            )
            stored = await within(timeout_s + SEND_S, publishing, call="bus_publish")
        except (NatsError, TimeoutError) as error:
            reason = self.failed(stream, error)
            raise OsliraError("unavailable", f"{subject} was not stored: {reason}") from error
        self.stored(stream)
        return stored

    def stored(self, stream: str) -> None:
        """The stream has stored a message."""
        self._failures.pop(stream, None)

    def failed(self, stream: str, error: BaseException) -> str:
        """The stream did not confirm a message. Returns why."""
        now_s, reason = self._clock_s(), _reason(error)
        # A rejection takes no time, so it pauses nothing.
        pause_s = _PAUSE_S if isinstance(error, TimeoutError) else 0.0
        self._failures[stream] = _Failure(reason, now_s, now_s + pause_s)
        metrics.NOT_STORED.labels(stream).inc()
        return reason

    def problem(self) -> str | None:
        """Which streams cannot store, and why; None if all can, as far as it is known."""
        since_s = self._clock_s() - _REPORTED_S
        found = [f"{name}: {one.reason}" for name, one in self._failures.items() if one.at_s > since_s]
        return f"cannot store: {'; '.join(sorted(found))}" if found else None

    def _paused(self, stream: str, timeout_s: float) -> str | None:
        failure, now_s = self._failures.get(stream), self._clock_s()
        if failure is None:
            return None
        if now_s < failure.try_at_s:
            return failure.reason
        if failure.try_at_s > failure.at_s:
            failure.try_at_s = now_s + timeout_s + SEND_S
        return None


def _reason(error: BaseException) -> str:
    if isinstance(error, NoStreamResponseError):
        return "no stream responds: it was deleted, or JetStream is disabled on the server"
    if isinstance(error, TimeoutError):
        return "not confirmed in time: the stream has no quorum, or its server is overloaded"
    return server_words(error)
