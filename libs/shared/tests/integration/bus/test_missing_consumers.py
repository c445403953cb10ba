"""A consumer that isn't there yet, or not any more: it is not made with wrong limits, no core is busy, all resume."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from nats.js import JetStreamContext
from oslira_shared.bus.connection import Bus
from oslira_shared.bus.provision import provision_bus
from oslira_shared.bus.topology import CONSUMERS
from oslira_shared.contracts.analysis.v1 import RUN
from oslira_shared.contracts.work import WorkHint
from oslira_shared.ids import new_id

HINT = WorkHint.of(new_id(), "queued", 0)


def _declare(bus: Bus) -> asyncio.Queue[WorkHint]:
    seen = asyncio.Queue[WorkHint]()

    @bus.consumer("analysis_run")
    async def handle(hint: WorkHint) -> None:
        seen.put_nowait(hint)

    return seen


async def test_a_service_that_boots_first_waits_and_then_pulls_within_the_tables_limits(
    jetstream: JetStreamContext,
    make_bus: Callable[[str], Bus],
    pulling: Callable[[Bus], Awaitable[None]],
) -> None:
    bus = make_bus("analysis")
    seen = _declare(bus)
    await bus.start()
    await asyncio.sleep(1.5)
    assert bus.is_connected
    assert bus.state() == "waiting for consumers: analysis_run"
    assert await jetstream.streams_info() == []

    await provision_bus(jetstream)
    await pulling(bus)
    await bus.publish(RUN, HINT, msg_id="one")
    async with asyncio.timeout(5):
        assert await seen.get() == HINT
    consumer = (await jetstream.consumer_info("ANALYSIS", "analysis_run")).config
    wanted = CONSUMERS["analysis_run"]
    assert consumer.max_ack_pending == wanted.max_ack_pending
    assert consumer.ack_wait == wanted.ack_wait_s
    assert consumer.max_deliver == wanted.max_deliver


async def test_a_deleted_durable_costs_no_cpu_and_is_taken_up_again_when_it_returns(
    provisioned: JetStreamContext,
    make_bus: Callable[[str], Bus],
    pulling: Callable[[Bus], Awaitable[None]],
) -> None:
    bus = make_bus("analysis")
    seen = _declare(bus)
    await bus.start()
    await pulling(bus)

    await provisioned.delete_consumer("ANALYSIS", "analysis_run")
    async with asyncio.timeout(3):
        while bus.state() == "ok":  # the guard has no event for it
            await asyncio.sleep(0.02)
    spent = time.process_time()
    await asyncio.sleep(3)
    assert time.process_time() - spent < 0.3

    returned = time.monotonic()
    assert await provision_bus(provisioned) == ["consumer analysis_run created"]
    await bus.publish(RUN, HINT, msg_id="one")
    async with asyncio.timeout(5):
        assert await seen.get() == HINT
    assert time.monotonic() - returned < 3
