"""A stream that cannot store: the reason is kept in the server's words, and publishers don't wait one after the other."""

import asyncio
from typing import Any

import pytest
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js.errors import APIError, NoStreamResponseError, ServiceUnavailableError
from oslira_shared.bus.storing import StreamStore
from oslira_shared.errors import OsliraError

FULL = ServiceUnavailableError(code=503, err_code=10023, description="insufficient resources")


class Server:
    """JetStream that answers each message with `error`, or stores it."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.received = 0
        self.now_s = 0.0
        self.store = StreamStore(clock_s=lambda: self.now_s)

    async def publish(self, _subject: str, _body: bytes, **_options: Any) -> Any:
        self.received += 1
        await asyncio.sleep(0)
        if self.error is not None:
            raise self.error

    async def send(self, stream: str = "EVENTS") -> None:
        made: Any = self
        await self.store.publish(made, "credits.evt.settled.v1", b"", stream=stream, headers={})


async def refused(server: Server) -> str:
    with pytest.raises(OsliraError) as error:
        await server.send()
    assert error.value.code == "unavailable"
    return error.value.detail


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (FULL, "ServiceUnavailableError: insufficient resources (10023)"),
        (NoStreamResponseError(), "no stream responds"),
        (NatsTimeoutError(), "not confirmed in time"),
        (
            APIError(code=400, err_code=10077, description="maximum bytes exceeded"),
            "APIError: maximum bytes exceeded (10077)",
        ),
    ],
    ids=["full", "gone", "timeout", "limit"],
)
async def test_the_reason_is_the_servers(error: Exception, words: str) -> None:
    server = Server(error)
    assert server.store.problem() is None
    assert words in await refused(server)
    assert f"cannot store: EVENTS: {words}" in (server.store.problem() or "")


async def test_a_stored_message_ends_the_problem() -> None:
    server = Server(FULL)
    await refused(server)
    server.error = None
    await server.send("ANALYSIS")
    assert server.store.problem() is not None
    await server.send()
    assert server.store.problem() is None


async def test_a_problem_that_is_not_seen_again_is_not_reported_for_ever() -> None:
    server = Server(FULL)
    await refused(server)
    server.now_s = 31
    assert server.store.problem() is None


async def test_a_rejection_takes_no_time_so_every_message_is_tried() -> None:
    server = Server(FULL)
    for _ in range(3):
        await refused(server)
    assert server.received == 3


async def test_after_a_timeout_one_publisher_tries_and_the_others_fail_at_once() -> None:
    server = Server(NatsTimeoutError())
    await refused(server)
    await refused(server)
    assert server.received == 1
    server.now_s = 1.5
    await asyncio.gather(*(refused(server) for _ in range(5)))
    assert server.received == 2
    server.error, server.now_s = None, 3.0
    await server.send()
    await asyncio.gather(*(server.send() for _ in range(5)))
    assert server.received == 8
