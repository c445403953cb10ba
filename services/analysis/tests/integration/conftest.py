"""The engine's surroundings, as fixtures."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio
from analysis_world import World, eventually
from job_rows import JobRows
from oslira_devstack.databases import Database
from oslira_devstack.servers.contract import Nats
from oslira_devstack.simulated import Simulators
from oslira_devstack.testing import Bucket
from oslira_shared.bus.connection import Bus
from oslira_shared.bus.provision import provision_bus
from oslira_shared.ids import new_id
from oslira_shared.postgres.clients import open_pool


@pytest.fixture
def environment(
    monkeypatch: pytest.MonkeyPatch,
    database: Database,
    own_nats: Nats,
    bucket: Bucket,
    simulators: Simulators,
) -> None:
    values = {
        "OSLIRA_ENV": "development",
        "OSLIRA_INTERNAL_PORT": "0",
        "OSLIRA_INTERNAL_HOST": "127.0.0.1",
        "NATS_URL": own_nats.url("analysis"),
        "DATABASE_URL": database.url("analysis_service"),
        "S3_ENDPOINT_URL": bucket.endpoint_url,
        "S3_BUCKET": bucket.name,
        "AWS_ACCESS_KEY_ID": bucket.access_key,
        "AWS_SECRET_ACCESS_KEY": bucket.secret_key,
        "APIFY_TOKEN": "oslira-dev-apify",
        "OPENAI_API_KEY": "oslira-dev-openai",
        "ANTHROPIC_API_KEY": "oslira-dev-anthropic",
        "APIFY_REQUEST_TIMEOUT_S": "3",
        "APIFY_START_SLACK_S": "2",
        "SHUTDOWN_GRACE_S": "5",
        **simulators.environment,
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)


@pytest_asyncio.fixture
async def world(
    environment: None,
    database: Database,
    own_nats: Nats,
    simulators: Simulators,
) -> AsyncGenerator[World]:
    async with (
        await open_pool(database.url("gateway_service"), service="test") as gateway,
        await open_pool(database.url("analysis_service"), service="test") as analysis,
    ):
        account_id, business_profile_id = new_id(), new_id()
        await gateway.execute("insert into identity.accounts (id, name) values ($1, 'Test')", account_id)
        await gateway.execute(
            "insert into identity.business_profiles (id, account_id, name, context) values ($1, $2, 'Test', $3)",
            business_profile_id,
            account_id,
            {"name": "Test", "industry": "travel", "offer": "trips"},
        )
        bus = Bus(own_nats.url("tester"), service="scheduler")
        await bus.start()
        await eventually(lambda: asyncio.sleep(0, bus.is_connected))
        await provision_bus(bus.jetstream)
        world = World(gateway, analysis, bus, own_nats, simulators, account_id, business_profile_id)
        try:
            yield world
        finally:
            await world.stop_engines()
            await bus.stop()


@pytest_asyncio.fixture
async def job_rows(database: Database) -> AsyncGenerator[JobRows]:
    async with (
        await open_pool(database.url("analysis_service"), service="analysis") as pool,
        await open_pool(database.url("gateway_service"), service="gateway", min_size=1) as gateway,
    ):
        await pool.execute("update analysis.slots set cap = 0")
        yield JobRows(pool, gateway)
