"""A new account's free plan: granted once by the key that renewals go on with, and only where identity says so."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from oslira_billing.infrastructure.audit import differences
from oslira_billing.infrastructure.postgres.free_plans import PostgresFreePlans
from oslira_billing.infrastructure.postgres.offers import seed_offers
from oslira_billing.infrastructure.postgres.renewals import PostgresRenewals
from oslira_devstack.databases import Database
from oslira_shared.errors import OsliraError
from oslira_shared.postgres.clients import AdminClient, Pool, open_pool


@pytest_asyncio.fixture(scope="module")
async def pool(module_database: Database) -> AsyncGenerator[Pool]:
    async with await open_pool(module_database.url("billing_service"), service="billing") as opened:
        await seed_offers(AdminClient(opened), {})
        yield opened


@pytest_asyncio.fixture
async def newcomer(module_database: Database) -> UUID:
    """An account whose sign-up is allowed a trial."""
    account_id = uuid4()
    async with await open_pool(module_database.url("gateway_service"), service="test", min_size=1) as gateway:
        await gateway.execute("insert into identity.accounts (id, name) values ($1, 'A')", account_id)
        await gateway.execute(
            "insert into identity.sign_ups (account_id, state) values ($1, 'allowed')", account_id
        )
    return account_id


async def test_asked_for_many_times_the_plan_begins_once(pool: Pool, newcomer: UUID) -> None:
    start = PostgresFreePlans(AdminClient(pool)).start
    granted = await asyncio.gather(*(start(newcomer) for _ in range(8)))
    assert sorted(granted) == [0] * 7 + [25]
    [row] = await pool.fetch(
        "select s.plan, s.source, r.grant_key = 'sub:' || s.id || ':' || extract(epoch from s.period_start)::bigint as fits,"
        " (select array_agg(g.credits) from credits.grant_keys g where g.grant_key = r.grant_key) as granted"
        " from billing.subscriptions s join billing.renewals r on r.subscription_id = s.id where s.account_id = $1",
        newcomer,
    )
    assert dict(row) == {"plan": "free", "source": "manual", "fits": True, "granted": [25]}
    async with pool.acquire() as connection:
        assert await differences(connection) == []


async def test_the_monthly_renewal_goes_on_with_it(pool: Pool, newcomer: UUID) -> None:
    await PostgresFreePlans(AdminClient(pool)).start(newcomer)
    now = datetime.now(UTC)
    renewals = PostgresRenewals(AdminClient(pool))
    assert newcomer not in {renewal.account_id for renewal in await renewals.due(now)}
    next_month = now.replace(year=now.year + now.month // 12, month=now.month % 12 + 1, day=1)
    assert newcomer in {renewal.account_id for renewal in await renewals.due(next_month)}


async def test_an_account_without_a_sign_up_gets_nothing(pool: Pool) -> None:
    stranger = uuid4()
    with pytest.raises(OsliraError) as refused:
        await PostgresFreePlans(AdminClient(pool)).start(stranger)
    assert refused.value.code == "account_not_found"
    assert not await pool.fetchval(
        "select exists (select from billing.subscriptions where account_id = $1)", stranger
    )
