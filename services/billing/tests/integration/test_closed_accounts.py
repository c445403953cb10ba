"""What billing deletes of a deleted account, and what it keeps."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest_asyncio
from oslira_billing.application.daily_cleanup import DailyCleanup
from oslira_billing.infrastructure.postgres.bodies import PostgresEventBodies
from oslira_billing.infrastructure.postgres.closed_accounts import PostgresClosedAccounts
from oslira_devstack.databases import Database
from oslira_shared.jobs import JobProgress
from oslira_shared.postgres.clients import AdminClient, Pool, open_pool


@pytest_asyncio.fixture
async def pools(module_database: Database) -> AsyncGenerator[tuple[Pool, Pool]]:
    """Billing's and the gateway's."""
    async with AsyncExitStack() as opened:
        urls = [module_database.url(f"{name}_service") for name in ("billing", "gateway")]
        billing, gateway = [
            await opened.enter_async_context(await open_pool(url, service="test", min_size=1)) for url in urls
        ]
        yield billing, gateway


async def account(billing: Pool, gateway: Pool, *, deleted_days_ago: int) -> UUID:
    account_id = uuid4()
    await gateway.execute(
        "insert into identity.accounts (id, name, deleted_at) values ($1, 'A', now() - make_interval(days => $2))",
        account_id,
        deleted_days_ago,
    )
    await billing.execute(
        "insert into billing.webhook_events (id, stripe_event_id, type, livemode, payload, account_id, state)"
        " values ($1, $2, 'invoice.paid', false, '{}', $1, 'done')",
        account_id,
        f"evt_{account_id}",
    )
    await billing.execute(
        "insert into billing.payment_problems (stripe_invoice_id, account_id, problem) values ($1, $2, 'payment_failed')",
        f"in_{account_id}",
        account_id,
    )
    await billing.execute(
        "insert into billing.invoices (stripe_invoice_id, account_id, amount_paid_minor, currency) values ($1, $2, 5, 'usd')",
        f"in_{account_id}",
        account_id,
    )
    return account_id


async def test_names_and_addresses_of_a_deleted_account_go_and_its_books_stay(
    pools: tuple[Pool, Pool],
) -> None:
    billing, gateway = pools
    gone = await account(billing, gateway, deleted_days_ago=31)
    young = await account(billing, gateway, deleted_days_ago=29)
    progress, client = JobProgress(), AdminClient(billing)
    await DailyCleanup(PostgresEventBodies(client), PostgresClosedAccounts(client))(
        datetime.now(UTC), progress
    )
    assert (progress.reasons, progress.deleted) == (
        [],
        {"bodies_of_closed_accounts": 1, "payment_problems": 1},
    )
    bodies = await billing.fetch("select account_id from billing.webhook_events where payload is not null")
    assert {row["account_id"] for row in bodies} == {young}
    problems = await billing.fetch("select account_id from billing.payment_problems")
    assert {row["account_id"] for row in problems} == {young}
    assert await billing.fetchval("select count(*) from billing.invoices where account_id = $1", gone) == 1
