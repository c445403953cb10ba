"""The sending process on a real NATS and Postgres: by events, and by rows when no event comes."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID

import pytest_asyncio
from oslira_devstack.databases import Database
from oslira_devstack.servers.contract import Nats
from oslira_gateway.webhooks import bootstrap
from oslira_gateway.webhooks.settings import SenderSettings
from oslira_shared.bus.connection import Bus
from oslira_shared.bus.provision import provision_bus
from oslira_shared.contracts.analysis import v1
from oslira_shared.ids import new_id
from oslira_shared.postgres.clients import open_pool
from oslira_shared.runtime import Runtime
from receiver import receiving

# What the conftest's endpoints are sealed with.
KEY = "a key that is long enough to be a key"


@pytest_asyncio.fixture
async def bus(own_nats: Nats) -> AsyncGenerator[Bus]:
    """Provisioned; what analysis would publish with."""
    bus = Bus(own_nats.url("tester"), service="scheduler")
    await bus.start()
    async with asyncio.timeout(20):
        while not bus.is_connected:
            await asyncio.sleep(0.05)
    await provision_bus(bus.jetstream)
    yield bus
    await bus.stop()


@pytest_asyncio.fixture
async def process(own_nats: Nats, bus: Bus, module_database: Database) -> AsyncGenerator[None]:
    settings = SenderSettings.model_validate(
        {
            "OSLIRA_ENV": "development",
            "OSLIRA_INTERNAL_PORT": 0,
            "OSLIRA_INTERNAL_HOST": "127.0.0.1",
            "NATS_URL": own_nats.url("gateway"),
            "DATABASE_URL": module_database.url("gateway_service"),
            "WEBHOOK_SECRETS_KEY": KEY,
            "WEBHOOK_SWEEP_EVERY_S": 0.2,
            "WEBHOOK_SWEEP_AGE_S": 1.5,
        }
    )
    runtime = Runtime(settings, await open_pool(settings.database_url.get_secret_value(), service="webhooks"))
    await bootstrap.build(runtime, settings)
    living = asyncio.create_task(runtime.live())
    yield
    runtime.stopping.set()
    await living


async def say(bus: Bus, run_id: UUID, account_id: UUID) -> None:
    ended = v1.RunEnded(
        event_id=v1.run_ended_id(run_id),
        run_id=run_id,
        account_id=account_id,
        status=v1.RunStatus.COMPLETED,
    )
    await bus.publish(v1.RUN_ENDED, ended, msg_id=str(new_id()))


async def test_an_event_is_delivered_once_and_one_that_was_lost_is_made_up_for(
    process: None, bus: Bus, hooks: Any
) -> None:
    person = await hooks.person()
    async with receiving() as receiver:
        endpoint, secret = await hooks.endpoint(person, receiver)
        told = await hooks.ended_run(person)
        for _ in range(3):
            await say(bus, told, person.made.account_id)
        [got] = await receiver.wait_for(1)
        assert got.verified(secret)["data"]["run_id"] == str(told)
        lost = await hooks.ended_run(person, "failed")
        recovered = (await receiver.wait_for(2))[1]
        assert recovered.verified(secret)["data"]["run_id"] == str(lost)
        assert recovered.headers["webhook-id"] == str(v1.run_ended_id(lost))
        assert len(receiver.received) == 2
        async with asyncio.timeout(5):
            while await hooks.states(endpoint) != ["delivered"] * 2:
                await asyncio.sleep(0.05)
