"""The gateway with the real credits and analysis services on real servers; only the providers are simulated."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Self

import httpx
import pytest
import pytest_asyncio
from oslira_analysis import bootstrap as analysis_bootstrap
from oslira_analysis.settings import AnalysisSettings
from oslira_credits import bootstrap as credits_bootstrap
from oslira_credits.settings import CreditsSettings
from oslira_devstack.databases import Database
from oslira_devstack.make_user import MadeUser, make_user, sign_token
from oslira_devstack.ports import free_port
from oslira_devstack.servers.contract import Nats
from oslira_devstack.simulated import Simulators
from oslira_devstack.testing import Bucket
from oslira_gateway import bootstrap as gateway_bootstrap
from oslira_gateway.settings import GatewaySettings
from oslira_shared.bus.connection import Bus
from oslira_shared.bus.provision import provision_bus
from oslira_shared.postgres.clients import Pool, open_pool
from oslira_shared.runtime import Runtime
from transaction_pooler import transaction_pooler

SECRET = "a secret that is long enough for HS256 to be worth something"


async def eventually(look: Callable[[], Awaitable[Any]], *, timeout_s: float = 20) -> Any:
    """The first truthy answer. Raises TimeoutError."""
    async with asyncio.timeout(timeout_s):
        while not (found := await look()):  # other processes have no event to wait for
            await asyncio.sleep(0.05)
        return found


class Events:
    """An open stream. `next` is the next event's data; it also checks that ids never fall."""

    def __init__(self, http: httpx.AsyncClient, url: str) -> None:
        self._http, self._url = http, url
        self._stack = AsyncExitStack()
        self._last_id = -1

    async def __aenter__(self) -> Self:
        response = await self._stack.enter_async_context(self._http.stream("GET", self._url))
        assert response.status_code == 200, (await response.aread()).decode()
        assert response.headers["content-type"].startswith("text/event-stream")
        self._lines: AsyncIterator[str] = response.aiter_lines()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def next(self) -> dict[str, Any]:
        async with asyncio.timeout(30):
            async for line in self._lines:
                if line.startswith("id: "):
                    event_id = int(line.removeprefix("id: "))
                    assert event_id >= self._last_id
                    self._last_id = event_id
                if line.startswith("data: "):
                    return json.loads(line.removeprefix("data: "))
        raise EOFError

    async def rest(self) -> str:
        """Everything until the server ends it."""
        async with asyncio.timeout(15):
            return "\n".join([line async for line in self._lines])


async def read_events(http: httpx.AsyncClient, url: str) -> list[dict[str, Any]]:
    """All events of a run, until the server ends the stream."""
    seen: list[dict[str, Any]] = []
    async with Events(http, url) as events:
        while True:
            try:
                seen.append(await events.next())
            except EOFError:
                return seen


@dataclass(frozen=True, slots=True)
class User:
    """A user with 20 credits and what they send."""

    made: MadeUser
    headers: dict[str, str]

    def order(self, username: str = "natgeo", **changes: Any) -> dict[str, Any]:
        body = {
            "username": username,
            "type": "light",
            "business_profile_id": str(self.made.business_profile_id),
        }
        return {"headers": self.headers, "json": {**body, **changes}}


@dataclass
class World:
    """`http` speaks to the gateway's port. `analysis`, `ledger`: pools under those services' roles."""

    http: httpx.AsyncClient
    gateway: Runtime
    analysis: Pool
    ledger: Pool
    peer: Bus
    buses: list[Bus]
    nats: Nats
    user: User
    stranger: User

    async def post(
        self, username: str = "natgeo", *, user: User | None = None, **changes: Any
    ) -> httpx.Response:
        return await self.http.post("/v1/analyses", **(user or self.user).order(username, **changes))

    def events(self, url: str) -> Events:
        return Events(self.http, url)

    async def all_events(self, url: str) -> list[dict[str, Any]]:
        return await read_events(self.http, url)

    async def runs(self) -> int:
        return await self.analysis.fetchval("select count(*) from analysis.runs where state <> 'closed'")

    async def balance(self) -> dict[str, int]:
        body = (await self.http.get("/v1/credits/balance", headers=self.user.headers)).json()
        return {name: body[name] for name in ("available", "held")}

    async def transfers(self) -> int:
        return await self.ledger.fetchval("select count(*) from credits.transfers")

    async def ended(self, run_id: str) -> dict[str, Any]:
        """The run, once it has ended and is settled."""

        async def look() -> dict[str, Any] | None:
            run = (await self.http.get(f"/v1/runs/{run_id}", headers=self.user.headers)).json()
            return run if run["finished_at"] and run["credits"]["held"] == 0 else None

        return await eventually(look, timeout_s=40)

    async def provision(self) -> None:
        """What the scheduler does, once everybody is connected (again)."""

        async def connected() -> bool:
            return all(bus.is_connected for bus in self.buses)

        await eventually(connected)
        await provision_bus(self.peer.jetstream)


@pytest.fixture
def is_pooled() -> bool:
    """Whether the services reach Postgres through a pooler in transaction mode. A module may say so."""
    return False


@pytest_asyncio.fixture
async def world(
    database: Database, own_nats: Nats, bucket: Bucket, simulators: Simulators, *, is_pooled: bool
) -> AsyncGenerator[World]:
    async with AsyncExitStack() as stack:
        peer = Bus(own_nats.url("scheduler"), service="scheduler")
        await peer.start()
        stack.push_async_callback(peer.stop)
        buses = [peer]
        pools = {
            name: await stack.enter_async_context(
                await open_pool(database.url(f"{name}_service"), service="test")
            )
            for name in ("gateway", "credits", "analysis")
        }
        user = await make_rich_user(pools, "one@example.com")
        stranger = await make_rich_user(pools, "two@example.com")
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=20))
        common = {"OSLIRA_ENV": "development", "OSLIRA_INTERNAL_PORT": 0, "OSLIRA_INTERNAL_HOST": "127.0.0.1"}

        async def start(name: str, kind: Any, module: Any, **own: Any) -> Runtime:
            variables = {
                **common,
                "NATS_URL": own_nats.url(name),
                "DATABASE_URL": database.url(f"{name}_service"),
                **own,
            }
            settings = kind.model_validate(variables)
            url = settings.database_url.get_secret_value()
            if is_pooled:
                _, url = await stack.enter_async_context(transaction_pooler(url))
            pool = await open_pool(url, service=name, pooled_url=is_pooled)
            runtime = Runtime(settings, pool)
            await module.build(runtime, settings)
            buses.append(runtime.bus)
            living = asyncio.create_task(runtime.live())

            async def stop() -> None:
                runtime.stopping.set()
                await living

            stack.push_async_callback(stop)
            return runtime

        await start("credits", CreditsSettings, credits_bootstrap)
        await start(
            "analysis",
            AnalysisSettings,
            analysis_bootstrap,
            S3_ENDPOINT_URL=bucket.endpoint_url,
            S3_BUCKET=bucket.name,
            AWS_ACCESS_KEY_ID=bucket.access_key,
            AWS_SECRET_ACCESS_KEY=bucket.secret_key,
            APIFY_TOKEN="oslira-dev-apify",
            OPENAI_API_KEY="oslira-dev-openai",
            SHUTDOWN_GRACE_S=5,
            **simulators.environment,
        )
        port = free_port()
        gateway = await start(
            "gateway",
            GatewaySettings,
            gateway_bootstrap,
            OSLIRA_HTTP_PORT=port,
            OSLIRA_HTTP_HOST="127.0.0.1",
            JWT_SECRET=SECRET,
        )
        http.base_url = httpx.URL(f"http://127.0.0.1:{port}")
        world = World(
            http, gateway, pools["analysis"], pools["credits"], peer, buses, own_nats, user, stranger
        )
        await world.provision()
        await eventually(lambda: is_up(world))
        yield world


async def make_rich_user(pools: dict[str, Pool], email: str) -> User:
    async with pools["gateway"].acquire() as connection:
        made = await make_user(connection, email=email)
    await pools["credits"].fetch(
        "select credits.grant(p_account_id => $1, p_amount => 20, p_source => 'pack', p_idempotency_key => $2)",
        made.account_id,
        email,
    )
    token = sign_token(SECRET, user_id=made.user_id, email=email)
    return User(made, {"authorization": f"Bearer {token}"})


async def is_up(world: World) -> bool:
    """Whether the gateway answers, and credits behind it."""
    try:
        answer = await world.http.get("/v1/credits/balance", headers=world.user.headers)
    except httpx.TransportError:
        return False
    return answer.is_success
