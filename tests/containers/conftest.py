"""The images and docker-compose.yml, on a real Docker engine: `make test-compose`. Never part of the other runs."""

from collections.abc import AsyncGenerator
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio
from composed import Composed
from oslira_devstack.sign_in import sign_in
from oslira_devstack.simulated import Simulators, connect_simulators
from oslira_proof.people import Person
from oslira_proof.plain_client import Client

_HERE = Path(__file__).parent
# All come from one address. What one test counts has its own limit.
_LIMITS = "*.*=100000/60, export.account=100/600"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.containers)
            item.add_marker(pytest.mark.timeout(1_200))


@pytest_asyncio.fixture(scope="session")
async def composed(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Composed]:
    """Everything up, from empty volumes."""
    variables = {"SIMULATORS_SPEED": "5", "OSLIRA_RATE_LIMITS": _LIMITS}
    async with Composed(tmp_path_factory.mktemp("compose"), variables) as running:
        yield running


@pytest_asyncio.fixture
async def simulators(composed: Composed) -> AsyncGenerator[Simulators]:
    """The providers, their counters at nothing."""
    async with connect_simulators(composed.simulators_url) as running:
        await running.reset()
        yield running


@pytest_asyncio.fixture
async def person(composed: Composed) -> AsyncGenerator[Person]:
    """Somebody with 1,000 credits on the enterprise plan."""
    access = composed.access
    email = f"{uuid4().hex[:12]}@oslira.test"
    who = await sign_in(access, email=email, available_credits=1_000, plan="enterprise")
    async with Client(access.gateway_url, who.token, timeout_s=60) as client:
        yield Person(client, who, access)
