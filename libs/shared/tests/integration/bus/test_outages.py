"""The server stops, is killed, loses everything: services say so at once, and resume by themselves."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import psutil
import pytest
from nats.js import JetStreamContext
from oslira_devstack.servers.contract import Nats
from oslira_shared.bus.connection import Bus
from oslira_shared.bus.provision import provision_bus
from oslira_shared.contracts.analysis.v1 import RUN
from oslira_shared.contracts.work import WorkHint
from oslira_shared.errors import OsliraError
from oslira_shared.ids import new_id

HINT = WorkHint.of(new_id(), "queued", 0)


def _declare(bus: Bus) -> asyncio.Queue[WorkHint]:
    seen = asyncio.Queue[WorkHint]()

    @bus.consumer("analysis_run")
    async def handle(hint: WorkHint) -> None:
        seen.put_nowait(hint)

    return seen


async def _connected(bus: Bus, *, is_so: bool) -> None:
    async with asyncio.timeout(10):
        while bus.is_connected is not is_so:  # the client has no event for it
            await asyncio.sleep(0.02)


async def test_a_server_that_was_away_is_found_again_and_nothing_is_lost(
    own_nats: Nats,
    provisioned: JetStreamContext,
    make_bus: Callable[[str], Bus],
    pulling: Callable[[Bus], Awaitable[None]],
) -> None:
    assert provisioned
    bus = make_bus("analysis")
    seen = _declare(bus)
    await bus.start()
    await pulling(bus)

    await own_nats.stop()
    await _connected(bus, is_so=False)
    assert bus.state() == "not connected"
    started = time.monotonic()
    with pytest.raises(OsliraError) as unpublished:
        await bus.publish(RUN, HINT, msg_id="lost")
    with pytest.raises(OsliraError) as unanswered:
        await bus.request("credits.rpc.balance", HINT, WorkHint)
    assert time.monotonic() - started < 1
    assert {unpublished.value.code, unanswered.value.code} == {"unavailable"}
    await asyncio.sleep(5)

    await own_nats.start()
    await _connected(bus, is_so=True)
    await bus.publish(RUN, HINT, msg_id="after")
    async with asyncio.timeout(5):
        assert await seen.get() == HINT
    assert seen.empty()  # what was refused while it was down was not sent later


async def test_a_wiped_server_is_served_again_once_it_is_provisioned(
    own_nats: Nats,
    provisioned: JetStreamContext,
    make_bus: Callable[[str], Bus],
    pulling: Callable[[Bus], Awaitable[None]],
) -> None:
    bus = make_bus("analysis")
    seen = _declare(bus)
    await bus.start()
    await pulling(bus)

    await own_nats.kill()
    await own_nats.wipe()
    await own_nats.start()
    await _connected(bus, is_so=True)
    with pytest.raises(OsliraError) as refused:
        await bus.publish(RUN, HINT, msg_id="one")  # no stream stores it
    assert refused.value.code == "unavailable"

    await _provision(provisioned)
    await bus.publish(RUN, HINT, msg_id="two")
    async with asyncio.timeout(5):
        assert await seen.get() == HINT
    await pulling(bus)


async def _provision(jetstream: JetStreamContext) -> None:
    async with asyncio.timeout(10):
        while not jetstream._nc.is_connected:
            await asyncio.sleep(0.02)
    await provision_bus(jetstream)


async def test_a_service_outlives_a_bus_that_is_not_there_yet(
    own_nats: Nats, make_bus: Callable[[str], Bus]
) -> None:
    await own_nats.stop()
    bus, is_told = make_bus("analysis"), asyncio.Event()

    async def tell() -> None:
        is_told.set()

    bus.on_connected(tell)
    await bus.start()  # returns although the bus is down
    await asyncio.sleep(0.3)
    assert bus.state() == "not connected"
    with pytest.raises(OsliraError) as refused:
        await bus.publish(RUN, HINT, msg_id="early")
    assert refused.value.code == "unavailable"
    await own_nats.start()
    async with asyncio.timeout(8):
        await is_told.wait()


async def test_a_bus_that_is_stopped_while_it_connects_leaves_no_connection_behind(
    own_nats: Nats, make_bus: Callable[[str], Bus]
) -> None:
    for turns in range(0, 40, 2):
        bus = make_bus("analysis")
        await bus.start()
        for _ in range(turns):
            await asyncio.sleep(0)
        await bus.stop()
    connections = psutil.Process().net_connections(kind="tcp")
    assert [
        c for c in connections if c.raddr and c.raddr.port == own_nats.port and c.status == "ESTABLISHED"
    ] == []


async def test_a_bus_stops_quickly_while_its_server_is_away(
    own_nats: Nats,
    provisioned: JetStreamContext,
    make_bus: Callable[[str], Bus],
    pulling: Callable[[Bus], Awaitable[None]],
) -> None:
    assert provisioned
    bus, unconnected = make_bus("analysis"), make_bus("credits")
    _declare(bus)
    await bus.start()
    await pulling(bus)
    await own_nats.stop()
    await unconnected.start()
    await _connected(bus, is_so=False)
    async with asyncio.timeout(3):
        await asyncio.gather(bus.stop(), unconnected.stop())
    await own_nats.start()


async def test_a_server_that_hangs_delays_callers_until_the_time_limit(
    own_nats: Nats,
    provisioned: JetStreamContext,
    make_bus: Callable[[str], Bus],
) -> None:
    assert provisioned
    bus = make_bus("analysis")
    await bus.start()
    await _connected(bus, is_so=True)
    server = psutil.Process(own_nats.pid)
    server.suspend()
    try:
        started = time.monotonic()
        with pytest.raises(OsliraError) as unpublished:
            await bus.publish(RUN, HINT, msg_id="hung")
        assert time.monotonic() - started < 8
        with pytest.raises(OsliraError) as unanswered:
            await bus.request("credits.rpc.balance", HINT, WorkHint, timeout_s=1)
        assert time.monotonic() - started < 16
    finally:
        server.resume()
    assert {unpublished.value.code, unanswered.value.code} == {"unavailable"}
