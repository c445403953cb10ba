from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio
from memory_identity import MemoryFreePlans, MemoryMemberships, MemorySignUps
from oslira_devstack.databases import Database
from oslira_gateway.identity.postgres import PostgresMemberships
from oslira_gateway.identity.postgres_sign_ups import PostgresSignUps
from oslira_gateway.identity.shares import TrialShares
from oslira_shared.postgres.clients import AdminClient, Pool, open_pool
from sign_up_world import PER_MAIL_HOST, PER_NETWORK, World


@pytest_asyncio.fixture(scope="module")
async def pool(module_database: Database) -> AsyncGenerator[Pool]:
    async with await open_pool(module_database.url("gateway_service"), service="gateway") as opened:
        yield opened


@pytest.fixture(params=["memory", "postgres"])
def world(request: pytest.FixtureRequest, shares: TrialShares) -> World:
    if request.param == "memory":
        memberships = MemoryMemberships()
        return World(
            MemorySignUps(memberships, shares),
            memberships,
            MemoryFreePlans(),
        )
    pool: Pool = request.getfixturevalue("pool")
    sign_ups = PostgresSignUps(AdminClient(pool), shares)
    return World(sign_ups, PostgresMemberships(pool), MemoryFreePlans(), pool)


@pytest.fixture
def shares() -> TrialShares:
    """Without a challenge, and with caps below what would need one."""
    return TrialShares(per_network=PER_NETWORK, per_mail_host=PER_MAIL_HOST, unchallenged=1_000)
