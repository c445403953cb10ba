"""A running billing service on real servers, as bootstrap wires it."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import nats
import pytest
import pytest_asyncio
import stripe_samples as samples
from oslira_billing.bootstrap import build
from oslira_billing.settings import BillingSettings
from oslira_devstack.databases import Database
from oslira_devstack.ports import free_port
from oslira_devstack.servers.contract import Nats
from oslira_devstack.simulated import Simulators
from oslira_shared.bus.provision import provision_bus
from oslira_shared.postgres.clients import Pool, open_pool
from oslira_shared.runtime import Runtime

SECRETS = ("whsec_new", "whsec_old")
PRICES = {
    "price_pro": {"plan": "pro", "interval": "month"},
    "price_pack": {"pack": "pack_100"},
    # The recorded events have it; it is newer, and not sold.
    "price_1PgafmB7WZ01zgkW6dKueIc5": {"plan": "pro", "interval": "month", "active": False},
}


async def until(holds: Callable[[], Awaitable[bool]], *, within_s: float = 15) -> None:
    async with asyncio.timeout(within_s):
        while not await holds():  # another process's state has no event to wait for
            await asyncio.sleep(0.05)


class Service:
    """What Stripe sees of it, and what the database holds."""

    def __init__(self, http: httpx.AsyncClient, pool: Pool, ledger: Any, runtime: Runtime) -> None:
        self.http, self.pool, self.ledger, self.runtime = http, pool, ledger, runtime

    async def post(self, payload: Any, *, secret: str = SECRETS[0], age_s: float = 0) -> httpx.Response:
        """Deliver as Stripe does."""
        body, header = samples.signed(payload, secret, at_s=time.time() - age_s)
        return await self.post_raw(body, header)

    async def post_raw(self, body: Any, header: str | None) -> httpx.Response:
        headers = {"stripe-signature": header} if header else {}
        return await self.http.post("/stripe/webhooks", content=body, headers=headers)

    @staticmethod
    def problem(response: httpx.Response) -> tuple[int, str]:
        """(status, code)."""
        assert response.headers["content-type"].startswith("application/problem+json")
        assert response.headers["x-request-id"]
        return response.status_code, json.loads(response.content)["code"]

    async def state(self, payload: dict[str, Any]) -> str | None:
        return await self.pool.fetchval(
            "select state from billing.webhook_events where stripe_event_id = $1", payload["id"]
        )

    async def ends(self, payload: dict[str, Any], state: str = "done", *, within_s: float = 15) -> None:
        """Wait for that."""

        async def has_ended() -> bool:
            return await self.state(payload) == state

        await self.until(has_ended, within_s=within_s)

    @staticmethod
    async def until(holds: Callable[[], Awaitable[bool]], *, within_s: float = 15) -> None:
        await until(holds, within_s=within_s)

    async def count(self) -> int:
        return await self.pool.fetchval("select count(*) from billing.webhook_events")

    async def grants(self, account_id: UUID) -> list[tuple[str, int]]:
        rows = await self.ledger.fetch(
            "select idempotency_key, amount from credits.grants where account_id = $1", account_id
        )
        return [(row["idempotency_key"], row["amount"]) for row in rows]


@asynccontextmanager
async def running(
    *, nats_url: str, database: Database, stripe_base: str, database_url: str | None = None
) -> AsyncGenerator[Service]:
    """The service until the block ends. `database_url`: where it reaches Postgres, if not directly."""
    http_port = free_port()
    settings = BillingSettings.model_validate(
        {
            "OSLIRA_ENV": "development",
            "NATS_URL": nats_url,
            "DATABASE_URL": database_url or database.url("billing_service"),
            "OSLIRA_HTTP_HOST": "127.0.0.1",
            "OSLIRA_HTTP_PORT": http_port,
            "OSLIRA_INTERNAL_HOST": "127.0.0.1",
            "OSLIRA_INTERNAL_PORT": 0,
            "STRIPE_SECRET_KEY": "sk_test_oslira-dev-stripe",
            "STRIPE_WEBHOOK_SECRET": ", ".join(SECRETS),
            "STRIPE_API_BASE": stripe_base,
            "STRIPE_PRICES": PRICES,
        }
    )
    async with AsyncExitStack() as stack:
        watching = await open_pool(database.url("billing_service"), service="test", min_size=1)
        stack.push_async_callback(watching.close)
        ledger = await asyncpg.connect(database.url("credits_service"))
        stack.push_async_callback(ledger.close)
        runtime = Runtime(
            settings, await open_pool(settings.database_url.get_secret_value(), service="billing")
        )
        await build(runtime, settings)
        living = asyncio.create_task(runtime.live())
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=f"http://127.0.0.1:{http_port}"))
        service = Service(http, watching, ledger, runtime)

        async def is_up() -> bool:
            try:
                return (await http.get("/health/ready")).json()["status"] == "ok"
            except httpx.TransportError:
                return False

        await until(is_up)
        yield service
        runtime.stopping.set()
        await living


async def provision(server: Nats) -> None:
    """What the scheduler does."""
    connection = await nats.connect(server.url("tester"))
    await provision_bus(connection.jetstream())
    await connection.close()


class Start:
    """Starts a service when a test wants its own."""

    def __init__(self, server: Nats, database: Database, stripe_base: str) -> None:
        self.server, self.database, self._stripe_base = server, database, stripe_base

    def __call__(self, **options: Any) -> AbstractAsyncContextManager[Service]:
        url = self.server.url("billing")
        return running(nats_url=url, database=self.database, stripe_base=self._stripe_base, **options)

    async def provision(self) -> None:
        await provision(self.server)


@pytest.fixture
def start(own_nats: Nats, database: Database, simulators: Simulators) -> Start:
    return Start(own_nats, database, simulators.environment["STRIPE_API_BASE"])


@pytest_asyncio.fixture
async def service(start: Start) -> AsyncGenerator[Service]:
    await start.provision()
    async with start() as service:
        yield service
