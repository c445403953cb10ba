"""A server of the test's own, the operator's view of it, and services' ends of the bus."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable

import nats
import pytest
import pytest_asyncio
from nats.js import JetStreamContext
from oslira_devstack.servers.contract import Nats
from oslira_shared.bus.connection import Bus
from oslira_shared.bus.provision import provision_bus


@pytest_asyncio.fixture
async def jetstream(own_nats: Nats) -> AsyncGenerator[JetStreamContext]:
    """The operator's, on a server that holds nothing yet."""
    client = await nats.connect(
        own_nats.url("tester"),
        inbox_prefix="_INBOX_operator",
        max_reconnect_attempts=-1,
        reconnect_time_wait=0.1,  # pyright: ignore[reportArgumentType]  # seconds; any number does
        error_cb=_expected,
    )
    yield client.jetstream()
    await client.close()


async def _expected(_error: Exception) -> None:
    """Tests stop the server; the client's own report of that is of no interest."""


@pytest_asyncio.fixture
async def provisioned(jetstream: JetStreamContext) -> JetStreamContext:
    """The same, on a server with the whole topology."""
    await provision_bus(jetstream)
    return jetstream


@pytest_asyncio.fixture
async def make_bus(own_nats: Nats) -> AsyncGenerator[Callable[[str], Bus]]:
    """A service's connection, for the test to declare on and to start."""
    made: list[Bus] = []

    def make(service: str) -> Bus:
        made.append(Bus(own_nats.url(service), service=service))
        return made[-1]

    yield make
    for bus in made:
        await bus.stop()


@pytest.fixture
def pulling() -> Callable[[Bus], Awaitable[None]]:
    """Waits until a bus says that nothing is missing."""

    async def wait(bus: Bus) -> None:
        async with asyncio.timeout(10):
            while bus.state() != "ok":  # its guards have no event for it
                await asyncio.sleep(0.02)

    return wait
