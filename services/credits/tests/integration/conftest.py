"""The ledger in Postgres; the running service, with rows of analysis that a test writes."""

import asyncio
from collections.abc import AsyncGenerator
from uuid import uuid4

import nats
import pytest_asyncio
from oslira_credits.bootstrap import build
from oslira_credits.settings import CreditsSettings
from oslira_devstack.credentials import SUPERUSER
from oslira_devstack.databases import Database
from oslira_devstack.servers.contract import Nats
from oslira_shared.bus.connection import Bus
from oslira_shared.bus.provision import provision_bus
from oslira_shared.contracts.credits import v1 as contracts
from oslira_shared.errors import OsliraError
from oslira_shared.postgres.clients import open_pool
from oslira_shared.runtime import Runtime
from served_credits import ServedCredits, until


@pytest_asyncio.fixture
async def world(own_nats: Nats, database: Database) -> AsyncGenerator[ServedCredits]:
    operator = await nats.connect(own_nats.url("tester"))
    await provision_bus(operator.jetstream())
    settings = CreditsSettings.model_validate(
        {
            "OSLIRA_ENV": "development",
            "NATS_URL": own_nats.url("credits"),
            "DATABASE_URL": database.url("credits_service"),
            "OSLIRA_SWEEP_EVERY_S": 0.2,
            "ANONYMOUS_ANALYSES": "off",
            "OSLIRA_HOLD_EXTENSION_S": 0.5,
            "OSLIRA_INTERNAL_PORT": 0,
            "OSLIRA_INTERNAL_HOST": "127.0.0.1",
        }
    )
    pool = await open_pool(database.url("credits_service"), service="credits")
    rows = await open_pool(database.url(SUPERUSER), service="test", min_size=1)
    runtime = Runtime(settings, pool)
    await build(runtime, settings)
    # As the tester: it stands for all services that call credits.
    peer = Bus(own_nats.url("tester"), service="analysis")
    world = ServedCredits(pool, rows, peer, operator)
    await world.ledger.grant(world.account_id, 5, source="pack", key=str(uuid4()))
    await peer.start()
    living = asyncio.create_task(runtime.live())
    await until(lambda: _is_up(runtime, peer))
    yield world
    await peer.stop()
    runtime.stopping.set()
    await living
    await operator.close()
    await rows.close()


async def _is_up(runtime: Runtime, peer: Bus) -> bool:
    if runtime.bus.state() != "ok" or peer.state() != "ok":
        return False
    request = contracts.BalanceRequest(account_id=uuid4())
    try:
        await peer.request(contracts.BALANCE, request, contracts.Balance, timeout_s=1)
    except OsliraError:
        return False
    return True
