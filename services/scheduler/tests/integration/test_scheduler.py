"""The scheduler's loops on real servers."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta

import asyncpg
import pytest_asyncio
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError
from oslira_devstack.databases import Database
from oslira_devstack.servers.contract import Nats
from oslira_scheduler.application.keep_topology import KeepTopology
from oslira_scheduler.application.publish_due_ticks import PublishDueTicks
from oslira_scheduler.infrastructure.nats import NatsTopology
from oslira_scheduler.infrastructure.postgres import PostgresSlots
from oslira_shared.bus.connection import Bus
from oslira_shared.bus.topology import CONSUMERS, STREAMS
from oslira_shared.postgres.clients import AdminClient, open_pool


class Replica:
    """What bootstrap wires, stepped by hand."""

    def __init__(self, bus: Bus, slots: PostgresSlots) -> None:
        self.bus = bus
        self.keep_topology = KeepTopology(NatsTopology(bus), slots)
        self.publish_due_ticks = PublishDueTicks(slots, bus)


@pytest_asyncio.fixture
async def replicas(own_nats: Nats, database: Database) -> AsyncGenerator[list[Replica]]:
    async with AsyncExitStack() as stack:
        made: list[Replica] = []
        for _ in range(2):
            pool = await open_pool(database.url("scheduler_service"), service="scheduler", min_size=1)
            stack.push_async_callback(pool.close)
            bus = Bus(own_nats.url("scheduler"), service="scheduler")
            await bus.start()
            stack.push_async_callback(bus.stop)
            made.append(Replica(bus, PostgresSlots(AdminClient(pool))))
        await until(lambda: _all_connected(made))
        yield made


async def _all_connected(replicas: list[Replica]) -> bool:
    return all(replica.bus.is_connected for replica in replicas)


async def until(condition: Callable[[], Awaitable[bool]], *, within_s: float = 15) -> None:
    async with asyncio.timeout(within_s):
        while not await condition():  # nothing signals what another process did
            await asyncio.sleep(0.1)


async def test_two_replicas_lay_down_the_whole_topology_side_by_side(
    replicas: list[Replica], tester: JetStreamContext
) -> None:
    await asyncio.gather(*(replica.keep_topology() for replica in replicas))
    await replicas[0].keep_topology()
    jetstream = replicas[0].bus.jetstream
    assert {info.config.name for info in await tester.streams_info()} == {stream.name for stream in STREAMS}
    for consumer in CONSUMERS.values():
        assert (await jetstream.consumer_info(consumer.stream, consumer.name)).name == consumer.name


async def test_a_deleted_durable_and_a_changed_limit_are_repaired(
    replicas: list[Replica], tester: JetStreamContext
) -> None:
    scheduler = replicas[0]
    await scheduler.keep_topology()
    jetstream = scheduler.bus.jetstream
    await tester.delete_consumer("STRIPE", "billing_webhook")
    changed = (await jetstream.stream_info("STRIPE")).config
    wanted = changed.max_msgs
    await jetstream.update_stream(changed, max_msgs=7)

    await scheduler.keep_topology()

    assert (await jetstream.consumer_info("STRIPE", "billing_webhook")).name == "billing_webhook"
    assert (await jetstream.stream_info("STRIPE")).config.max_msgs == wanted


async def test_a_wiped_bus_gets_its_topology_and_its_newest_ticks_back(
    replicas: list[Replica], own_nats: Nats, database: Database
) -> None:
    scheduler = replicas[0]
    await scheduler.keep_topology()
    await _let_an_hour_pass(scheduler, database)
    await scheduler.publish_due_ticks()
    assert await _ticks_stored(scheduler) > 0

    await own_nats.stop()
    await own_nats.wipe()
    await own_nats.start()

    async def is_back() -> bool:
        await scheduler.keep_topology()
        try:
            await scheduler.bus.jetstream.consumer_info("TICKS", "billing_ticks")
        except (NotFoundError, OSError, TimeoutError):
            return False
        return True

    await until(is_back)
    await scheduler.publish_due_ticks()
    assert await _ticks_stored(scheduler) > 0


async def test_two_replicas_publish_one_tick(replicas: list[Replica], database: Database) -> None:
    await replicas[0].keep_topology()
    await _let_an_hour_pass(replicas[0], database)
    await asyncio.gather(*(replica.publish_due_ticks() for replica in replicas for _ in range(3)))
    connection = await asyncpg.connect(database.url("scheduler_service"))
    published = await connection.fetch(
        "select job, slot from scheduler.ticks_published where state = 'published'"
    )
    await connection.close()
    assert "failed-analysis-cleanup" in {row["job"] for row in published}
    assert await _ticks_stored(replicas[0]) == len(published)


async def _let_an_hour_pass(replica: Replica, database: Database) -> None:
    """Not by waiting: what is recorded is moved into the past."""
    await replica.publish_due_ticks()
    connection = await asyncpg.connect(database.url("scheduler_service"))
    await connection.execute(
        "update scheduler.ticks_published set slot = slot - $1::interval", timedelta(hours=1)
    )
    await connection.close()


async def _ticks_stored(replica: Replica) -> int:
    return (await replica.bus.jetstream.stream_info("TICKS")).state.messages
