"""Events of Stripe, applied on a real Postgres."""

import json
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio
import stripe_plans
from fake_stripe import FakeStripe
from oslira_billing.application.apply_event import ApplyEvent
from oslira_billing.domain.catalogue import Priced
from oslira_billing.domain.event import parse_event
from oslira_billing.infrastructure.postgres.inbox import PostgresInbox
from oslira_billing.infrastructure.postgres.offers import seed_offers
from oslira_billing.settings import Price
from oslira_devstack.databases import Database
from oslira_devstack.providers import development_prices
from oslira_shared.errors import OsliraError
from oslira_shared.postgres.clients import AdminClient, Pool, open_pool

PRICE_SETTINGS = {
    **{f"price_{plan}": Price(plan=plan, interval="month") for plan in ("growth", "pro", "agency")},
    **{f"price_{plan}_year": Price(plan=plan, interval="year") for plan in ("growth", "pro", "agency")},
    "price_pack_100": Price(pack="pack_100"),
    **{
        price_id: Price.model_validate(sells)
        for price_id, sells in (stripe_plans.prices() | development_prices()).items()
    },
}
PRICES = {
    price_id: Priced(price.plan, price.pack, {"month": 1, "year": 12}.get(price.interval or ""))
    for price_id, price in PRICE_SETTINGS.items()
}


class World:
    """What a test may look at. Its time is moved by moving what is recorded."""

    def __init__(
        self,
        pool: Pool,
        ledger: "asyncpg.Connection[asyncpg.Record]",
        identity: "asyncpg.Connection[asyncpg.Record]",
    ) -> None:
        self.pool, self._identity = pool, identity
        self.inbox = PostgresInbox(AdminClient(pool))
        self._ledger = ledger

    async def event(self, row_id: UUID) -> tuple[str, int, str | None]:
        """(state, failures, reason)."""
        row = await self.pool.fetchrow(
            "select state, failures, reason from billing.webhook_events where id = $1", row_id
        )
        assert row is not None
        return row["state"], row["failures"], row["reason"]

    async def grants(self, account_id: UUID) -> dict[str, tuple[UUID, int]]:
        """That account's: key → (account, credits)."""
        query = "select idempotency_key, account_id, amount from credits.grants where account_id = $1"
        rows = await self._ledger.fetch(query, account_id)
        return {row["idempotency_key"]: (row["account_id"], row["amount"]) for row in rows}

    async def available(self, account_id: UUID) -> int:
        """Credits that can be drawn."""
        return await self._sum(account_id, "available")

    async def frozen(self, account_id: UUID) -> int:
        """Credits of purchases that are disputed."""
        return await self._sum(account_id, "frozen")

    async def _sum(self, account_id: UUID, kind: str) -> int:
        query = (
            "select coalesce(sum(amount), 0)::int from credits.balances where account_id = $1 and kind = $2"
        )
        return await self._ledger.fetchval(query, account_id, kind)

    async def problems(self, account_id: UUID) -> set[str]:
        query = "select problem from billing.payment_problems where account_id = $1"
        return {row["problem"] for row in await self.pool.fetch(query, account_id)}

    async def plan(self, account_id: UUID) -> str | None:
        return await self.pool.fetchval(
            "select plan from billing.account_plans where account_id = $1", account_id
        )

    async def close(self, account_id: UUID) -> None:
        """Identity says that the account was deleted."""
        query = "insert into identity.accounts (id, name, deleted_at) values ($1, 'A', now())"
        await self._identity.execute(query, account_id)

    async def pass_time(self, duration: timedelta) -> None:
        # Of unfinished events alone: a world of hundreds of customers has tens of thousands of finished ones, and moving
        # those each time filled the disk.
        await self.pool.execute(
            """update billing.webhook_events set created_at = created_at - $1::interval, waited_from = waited_from - $1,
               first_tried_at = first_tried_at - $1, due_at = due_at - $1,
               not_before = not_before - $1, lease_until = lease_until - $1
               where state in ('received', 'applied')""",
            duration,
        )


@pytest_asyncio.fixture(scope="module")
async def world(module_database: Database) -> AsyncGenerator[World]:
    async with AsyncExitStack() as stack:
        pool = await open_pool(module_database.url("billing_service"), service="billing", min_size=1)
        stack.push_async_callback(pool.close)
        await seed_offers(AdminClient(pool), PRICE_SETTINGS)
        ledger = await asyncpg.connect(module_database.url("credits_service"))
        stack.push_async_callback(ledger.close)
        identity = await asyncpg.connect(module_database.url("gateway_service"))
        stack.push_async_callback(identity.close)
        yield World(pool, ledger, identity)


class Listener:
    """Implements Publisher; fails while the bus is down."""

    def __init__(self) -> None:
        self.is_down = False
        self.published: list[UUID] = []

    async def subscription_changed(self, row_id: UUID, account_id: UUID) -> None:
        del row_id
        if self.is_down:
            raise OsliraError("unavailable", "the bus is down")
        self.published.append(account_id)


class Office:
    """Events go in, and what is due is applied, as the service does it."""

    def __init__(self, world: World) -> None:
        self.world, self.stripe, self.publisher = world, FakeStripe(), Listener()
        self.apply = ApplyEvent(world.inbox, self.stripe, self.publisher)

    async def store(self, payload: dict[str, object]) -> UUID | None:
        return await self.world.inbox.store(parse_event(payload), json.dumps(payload))

    async def receive(self, payload: dict[str, object]) -> UUID:
        """Store a new event and act on its hint."""
        row_id = await self.store(payload)
        assert row_id is not None
        await self.apply(row_id)
        return row_id

    async def sweep(self, *, after: timedelta = timedelta(seconds=6)) -> None:
        """Let time pass, then act on whatever is due."""
        await self.world.pass_time(after)
        for row_id, _, _ in await self.world.inbox.sweep():
            await self.apply(row_id)


@pytest.fixture
def office(world: World) -> Office:
    return Office(world)
