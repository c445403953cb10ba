"""Webhooks on a real Postgres, with accounts of their own for each test and receivers on this machine."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from oslira_devstack.databases import Database
from oslira_devstack.make_user import MadeUser, make_user, sign_token
from oslira_gateway.http.app import create_app
from oslira_gateway.http.auth import Authentication
from oslira_gateway.identity.caller import Caller, Member, Role
from oslira_gateway.identity.hs256 import Hs256Tokens
from oslira_gateway.identity.postgres import PostgresMemberships
from oslira_gateway.webhooks.address import AddressPolicy
from oslira_gateway.webhooks.create_endpoint import CreateEndpoint
from oslira_gateway.webhooks.deliver import Deliver
from oslira_gateway.webhooks.delivery_routes import delivery_routes
from oslira_gateway.webhooks.endpoint_queues import EndpointQueues
from oslira_gateway.webhooks.event import EventType
from oslira_gateway.webhooks.http_sender import HttpSender, SystemResolver
from oslira_gateway.webhooks.ports import Endpoint
from oslira_gateway.webhooks.postgres_deliveries import PostgresDeliveries
from oslira_gateway.webhooks.postgres_endings import PostgresEndings
from oslira_gateway.webhooks.postgres_endpoints import PostgresEndpoints
from oslira_gateway.webhooks.postgres_outbox import PostgresOutbox
from oslira_gateway.webhooks.record_ending import RecordEnding
from oslira_gateway.webhooks.rotate_secret import RotateSecret
from oslira_gateway.webhooks.routes import endpoint_routes
from oslira_gateway.webhooks.schedule import PauseRule
from oslira_gateway.webhooks.signing_secret import Keyring
from oslira_shared.ids import new_id
from oslira_shared.postgres.clients import AdminClient, Pool, open_pool
from oslira_shared.work import LeaseKeeper
from receiver import Receiver

_SECRET = "a secret that is long enough for HS256 to be worth something"
_LOOPBACK = AddressPolicy(allows_loopback=True)
_RUN = """
insert into analysis.runs (id, state, account_id, business_profile_id, type, username, price_credits, max_age_s, finished_at,
  error_code)
values ($1, $2::text, $3, $3, 'light', ($1::uuid)::text, 1, 60, now() - make_interval(secs => $4),
  case when $2::text = 'failed' then 'stalled' end)
"""


@dataclass
class Hooks:
    """Everything of webhooks over one database. `pause_rule` and `per_endpoint` count for senders made afterwards."""

    pool: Pool
    analysis: Pool
    pause_rule: PauseRule = field(default_factory=PauseRule)
    per_endpoint: int = 2
    keyring: Keyring = field(
        default_factory=lambda: Keyring(["a key that is long enough to be a key"], random_bytes=os.urandom)
    )

    def __post_init__(self) -> None:
        self.endpoints = PostgresEndpoints(self.pool)
        self.deliveries = PostgresDeliveries(self.pool)
        self.endings = PostgresEndings(AdminClient(self.pool))
        self.create = CreateEndpoint(self.endpoints, self.keyring, _LOOPBACK, os.urandom)
        self.rotate = RotateSecret(self.endpoints, self.keyring, os.urandom)
        self.record = RecordEnding(self.endings)

    @property
    def outbox(self) -> PostgresOutbox:
        return PostgresOutbox(
            AdminClient(self.pool), per_endpoint=self.per_endpoint, pause_rule=self.pause_rule
        )

    async def person(self, role: Role = "owner") -> "Person":
        async with self.pool.acquire() as connection:
            made = await make_user(connection, email=f"{new_id()}@oslira.test")
        await self.pool.execute(
            "update identity.members set role = $2 where user_id = $1", made.user_id, role
        )
        return Person(made, Member(Caller(made.user_id), made.account_id, role))

    async def endpoint(self, person: "Person", receiver: Receiver) -> tuple[Endpoint, str]:
        return await self.create(
            person.member, url=receiver.url, event_types=list(EventType), description=None
        )

    async def ended_run(self, person: "Person", state: str = "completed", *, ago_s: float = 0.0) -> UUID:
        """A run that has just ended, which nobody has told of."""
        run_id = new_id()
        await self.analysis.execute(_RUN, run_id, state, person.made.account_id, ago_s)
        return run_id

    async def states(self, endpoint: Endpoint) -> list[str]:
        rows = await self.pool.fetch(
            "select state from identity.webhook_deliveries where endpoint_id = $1 order by created_at, id",
            endpoint.endpoint_id,
        )
        return [row["state"] for row in rows]

    @asynccontextmanager
    async def sender(self, *, capacity: int = 10, total_s: float = 5.0) -> AsyncGenerator[EndpointQueues]:
        """A sending process's lease_keeper, without its loops."""
        http, outbox = HttpSender(_LOOPBACK, SystemResolver(threads=2), total_s=total_s), self.outbox
        lease_keeper = LeaseKeeper(AdminClient(self.pool), outbox.table, capacity=capacity)
        queues = EndpointQueues(
            outbox, Deliver(outbox, http, self.keyring, lambda: 0.0), lease_keeper, capacity=capacity
        )
        yield queues
        await queues.stop()
        await http.close()


@dataclass(frozen=True, slots=True)
class Person:
    """A user in an account of their own."""

    made: MadeUser
    member: Member

    @property
    def headers(self) -> dict[str, str]:
        token = sign_token(_SECRET, user_id=self.made.user_id, email="who@oslira.test")
        return {"authorization": f"Bearer {token}"}


@pytest_asyncio.fixture(scope="module")
async def hooks(module_database: Database) -> AsyncGenerator[Hooks]:
    async with (
        await open_pool(module_database.url("gateway_service"), service="gateway") as pool,
        await open_pool(module_database.url("analysis_service"), service="analysis", min_size=1) as analysis,
    ):
        yield Hooks(pool, analysis)


@pytest.fixture
def patient(hooks: Hooks) -> Hooks:
    """The same database under rules of the test's own."""
    return Hooks(hooks.pool, hooks.analysis, keyring=hooks.keyring)


@pytest_asyncio.fixture(scope="module")
async def http(hooks: Hooks) -> AsyncGenerator[httpx.AsyncClient]:
    app = create_app(
        [
            *endpoint_routes(hooks.endpoints, hooks.create, hooks.rotate, _LOOPBACK),
            *delivery_routes(hooks.endpoints, hooks.deliveries),
        ],
        authentication=Authentication(Hs256Tokens(_SECRET), PostgresMemberships(hooks.pool)),
        operations=[],
        cors_allow_origins=[],
        request_timeout_s=10,
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway/v1") as client:
        yield client
