"""Dead letters: messages that no consumer could read, which the stream DEAD stores for 30 days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from nats.errors import Error as NatsError
from nats.js.api import RawStreamMsg
from nats.js.errors import NotFoundError
from oslira_shared.bus.connection import Bus
from oslira_shared.errors import OsliraError
from oslira_shared.observability.server_words import server_words

_STREAM: Final = "DEAD"
# How many messages of the stream one list reads at most. Dead letters are rare.
_MOST_READ: Final = 500
_MOST_BODY_BYTES: Final = 65_536
_HIGHEST: Final = (1 << 63) - 1
_NONE: Final = "There is no dead letter with this id."


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """`id` is its sequence in the stream. `code` is the subject, `detail` the reason."""

    kind: str
    id: str
    at: datetime
    attempts: int
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class DeadLetterDetail:
    """`body`: the message as text, cut at 64 KiB."""

    item: DeadLetter
    headers: dict[str, str]
    body: str


class DeadLetters(Protocol):
    """Messages for operators. They cannot be replayed: no consumer can read them."""

    async def newest(self, *, limit: int) -> Sequence[DeadLetter]:
        """Newest first. Raises OsliraError `unavailable`."""
        ...

    async def show(self, sequence: int) -> DeadLetterDetail:
        """Raises OsliraError: not_found, unavailable."""
        ...


class JetStreamDeadLetters:
    """Implements DeadLetters."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def newest(self, *, limit: int) -> Sequence[DeadLetter]:
        try:
            state = (await self._bus.jetstream.stream_info(_STREAM)).state
            first = max(state.first_seq, state.last_seq - _MOST_READ + 1, 1)
            found: list[DeadLetter] = []
            for sequence in range(state.last_seq, first - 1, -1):
                if len(found) == limit:
                    break
                if (message := await self._message(sequence)) is not None:
                    found.append(_item(sequence, message))
        except (NatsError, TimeoutError) as error:
            raise OsliraError("unavailable", f"the stream {_STREAM}: {server_words(error)}") from error
        return found

    async def show(self, sequence: int) -> DeadLetterDetail:
        if not 0 < sequence <= _HIGHEST:
            raise OsliraError("not_found", _NONE)
        try:
            message = await self._message(sequence)
        except (NatsError, TimeoutError) as error:
            raise OsliraError("unavailable", f"the stream {_STREAM}: {server_words(error)}") from error
        if message is None:
            raise OsliraError("not_found", _NONE)
        body = (message.data or b"")[:_MOST_BODY_BYTES].decode(errors="replace")
        return DeadLetterDetail(_item(sequence, message), dict(message.headers or {}), body)

    async def _message(self, sequence: int) -> RawStreamMsg | None:
        try:
            return await self._bus.jetstream.get_msg(_STREAM, sequence)
        except NotFoundError:  # expired, or unknown
            return None


def _item(sequence: int, message: RawStreamMsg) -> DeadLetter:
    headers: dict[str, Any] = dict(message.headers or {})
    deliveries = str(headers.get("Oslira-Deliveries", "1"))
    return DeadLetter(
        kind="letter",
        id=str(sequence),
        at=message.time or datetime.fromtimestamp(0, UTC),
        attempts=int(deliveries) if deliveries.isdecimal() else 1,
        code=message.subject or "",
        detail=str(headers.get("Oslira-Reason", "")),
    )
