"""The pytest plugin: real servers, started once a session when first asked for, and fresh data for each test.

Loaded by the root conftest.py. A server that can't start fails the test; nothing is ever skipped or replaced.
"""

import asyncio
import shutil
import tempfile
import uuid
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import nats
import pytest
import pytest_asyncio
from nats.js import JetStreamContext
from oslira_shared.postgres.migrate import migrate

from oslira_devstack.credentials import MIGRATOR, TESTER, Credentials
from oslira_devstack.databases import Database, fresh_database
from oslira_devstack.environment import SERVICES
from oslira_devstack.sentry_ingest import SentryIngest
from oslira_devstack.servers.choose import ServerFactory
from oslira_devstack.servers.contract import S3, Nats, Postgres, Server
from oslira_devstack.servers.first_role import DATABASE
from oslira_devstack.servers.s3 import s3_client
from oslira_devstack.simulated import Simulators, run_simulators
from oslira_devstack.stack import Stack, StackConfig

# Enough that a scrape of 6-12 s takes about a quarter of a second.
TEST_SPEED = 40.0

AnyServer = TypeVar("AnyServer", bound=Server)


@dataclass(frozen=True, slots=True)
class Bucket:
    """An empty bucket and what reaches it."""

    name: str
    endpoint_url: str
    access_key: str
    secret_key: str


@pytest.fixture(scope="session")
def scratch_dir() -> Generator[Path]:
    """A folder of this session that other users of the machine may pass: Postgres runs as one where we are root."""
    directory = Path(tempfile.mkdtemp(prefix="oslira-test-"))
    directory.chmod(0o711)
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def credentials() -> Credentials:
    return Credentials()


@pytest.fixture(scope="session")
def server_factory(scratch_dir: Path, credentials: Credentials) -> ServerFactory:
    return ServerFactory(scratch_dir, logs=scratch_dir / "logs", credentials=credentials, durable=False)


@pytest_asyncio.fixture(scope="session")
async def nats_server(server_factory: ServerFactory) -> AsyncGenerator[Nats]:
    async with _running(server_factory.nats()) as server:
        yield server


@pytest_asyncio.fixture
async def own_nats(server_factory: ServerFactory) -> AsyncGenerator[Nats]:
    """For a test that stops, kills or wipes it."""
    async with _running(server_factory.nats(f"nats-{uuid.uuid4().hex[:8]}")) as server:
        yield server


@pytest_asyncio.fixture
async def tester(own_nats: Nats) -> AsyncGenerator[JetStreamContext]:
    """May do everything on `own_nats`: services themselves may not read others' streams."""
    client = await nats.connect(own_nats.url(TESTER))
    yield client.jetstream()
    await client.close()


@pytest_asyncio.fixture(scope="session")
async def postgres_server(server_factory: ServerFactory) -> AsyncGenerator[Postgres]:
    async with _running(server_factory.postgres()) as server:
        yield server


@pytest_asyncio.fixture(scope="session")
async def s3_server(server_factory: ServerFactory) -> AsyncGenerator[S3]:
    async with _running(server_factory.s3()) as server:
        yield server


@pytest_asyncio.fixture(scope="session")
async def migrated(postgres_server: Postgres, credentials: Credentials) -> Postgres:
    """The session's server, its database `oslira` migrated: the template of the others. Never connect to it."""
    await migrate(postgres_server.url(MIGRATOR), credentials.service_passwords)
    return postgres_server


@pytest_asyncio.fixture
async def database(migrated: Postgres) -> AsyncGenerator[Database]:
    """A fresh, migrated database for one test."""
    async with fresh_database(migrated, template=DATABASE) as fresh:
        yield fresh


@pytest_asyncio.fixture(scope="module")
async def module_database(migrated: Postgres) -> AsyncGenerator[Database]:
    """One for all tests of a module, that keep out of each other's way."""
    async with fresh_database(migrated, template=DATABASE) as fresh:
        yield fresh


@pytest_asyncio.fixture
async def bucket(s3_server: S3, credentials: Credentials) -> AsyncGenerator[Bucket]:
    """An empty bucket for one test."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    client = await asyncio.to_thread(s3_client, s3_server.endpoint_url, credentials)
    await asyncio.to_thread(client.create_bucket, Bucket=name)
    yield Bucket(name, s3_server.endpoint_url, credentials.s3_access_key, credentials.s3_secret_key)
    await asyncio.to_thread(client.delete_bucket, Bucket=name)
    client.close()


@pytest_asyncio.fixture(scope="session")
async def simulator_process(scratch_dir: Path) -> AsyncGenerator[Simulators]:
    async with run_simulators(log=scratch_dir / "logs" / "simulators.log", speed=TEST_SPEED) as running:
        yield running


@pytest_asyncio.fixture
async def simulators(simulator_process: Simulators) -> Simulators:
    """The provider simulators with counters, faults and stores as new."""
    await simulator_process.reset()
    return simulator_process


@pytest.fixture(scope="session")
def sentry() -> Generator[SentryIngest]:
    """What the stack's services send to Sentry."""
    with SentryIngest() as ingest:
        yield ingest


@pytest_asyncio.fixture(scope="session")
async def stack(scratch_dir: Path, sentry: SentryIngest) -> AsyncGenerator[Stack]:
    """The whole system on free ports, its simulators at TEST_SPEED."""
    config = StackConfig(
        data_dir=scratch_dir / "stack",
        speed=TEST_SPEED,
        durable=False,
        extra_environment={name: {"SENTRY_DSN": sentry.dsn} for name in (*SERVICES, "webhooks")},
    )
    async with Stack(config) as running:
        yield running


@asynccontextmanager
async def _running(server: AnyServer) -> AsyncGenerator[AnyServer]:
    try:
        await server.start()
        yield server
    finally:
        await server.discard()
