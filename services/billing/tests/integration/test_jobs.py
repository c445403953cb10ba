"""Billing's jobs on a real Postgres: who is renewed and when, and whether the billing match the ledger."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

import asyncpg
import pytest_asyncio
from oslira_billing.application.reconcile_invoices import ReconcileInvoices
from oslira_billing.application.record_purchase import record_purchase
from oslira_billing.application.renew_monthly import RenewMonthly
from oslira_billing.domain.calendar import month_after
from oslira_billing.domain.purchase import Grant, Purchase, Span, Stake, period_key
from oslira_billing.infrastructure import audit
from oslira_billing.infrastructure.postgres.gauges import Gauges
from oslira_billing.infrastructure.postgres.inbox import PostgresInbox
from oslira_billing.infrastructure.postgres.offers import seed_offers
from oslira_billing.infrastructure.postgres.reconciliation import PostgresReconciliation
from oslira_billing.infrastructure.postgres.renewals import PostgresRenewals
from oslira_billing.metrics import BOOK_DIFFERENCES
from oslira_devstack.databases import Database
from oslira_shared.jobs import JobProgress
from oslira_shared.postgres.clients import AdminClient, Pool, open_pool


def on(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@dataclass
class World:
    pool: Pool
    ledger: Pool

    async def subscribe(
        self, plan: str, since: str, *, until: str | None = None, state: str = "active"
    ) -> UUID:
        """A manual plan, or with `until` one at Stripe whose period ends there. Its account."""
        account_id = uuid4()
        if until is None:
            await self.pool.execute("select billing.set_manual_plan($1, $2)", account_id, plan)
            old = "update billing.subscriptions set state = $2, created_at = $3 where account_id = $1"
            await self.pool.execute(old, account_id, state, on(since))
            return account_id
        await self.pool.execute(
            """insert into billing.subscriptions (account_id, plan, state, source, stripe_subscription_id, period_start,
                 period_end, created_at) values ($1, $2, $3, 'stripe', $4, $5, $6, $5)""",
            account_id,
            plan,
            state,
            f"sub_{account_id.hex}",
            on(since),
            on(until),
        )
        return account_id

    async def free(self, account_id: UUID, since: str) -> None:
        """A free plan beside what it has."""
        await self.pool.execute(
            """insert into billing.subscriptions (account_id, plan, state, source, created_at)
               values ($1, 'free', 'active', 'manual', $2)""",
            account_id,
            on(since),
        )

    async def renew(self, slot: str) -> JobProgress:
        progress, client = JobProgress(), AdminClient(self.pool)
        await RenewMonthly(PostgresRenewals(client), PostgresInbox(client).records)(on(slot), progress)
        return progress

    async def pay_year(self, since: str) -> UUID:
        """A year of pro, as its invoice pays for it. Its account."""
        account_id, starts_at = uuid4(), on(since)
        group = f"sub_{account_id.hex}"
        year = Purchase(
            id=f"in_{account_id.hex}",
            group=group,
            made_at=starts_at,
            stake=Stake(cash_minor=99_000, currency="usd"),
            total_credits=18_000,
            grants=(Grant(period_key(group, starts_at), 1_500, "subscription", starts_at),),
            spans=(Span(1_500, starts_at, starts_at, month_after(starts_at, 12)),),
        )
        async with PostgresInbox(AdminClient(self.pool)).records() as billing:
            await record_purchase(billing, account_id, year)
        return account_id

    async def periods(self, account_id: UUID) -> list[str]:
        """The days on which the periods begin whose credits it was given."""
        rows = await self.ledger.fetch(
            "select idempotency_key, amount from credits.grants where account_id = $1 and source = 'subscription'",
            account_id,
        )
        seconds = sorted(int(row["idempotency_key"].split(":")[2]) for row in rows)
        return [datetime.fromtimestamp(second, UTC).date().isoformat() for second in seconds]


@pytest_asyncio.fixture
async def billing(database: Database) -> AsyncGenerator[World]:
    async with (
        await open_pool(database.url("billing_service"), service="billing") as pool,
        await open_pool(database.url("credits_service"), service="credits", min_size=1) as ledger,
    ):
        await seed_offers(AdminClient(pool), {})
        yield World(pool, ledger)


MONTHS = [f"{year}-{month:02}-01T03:00:00" for year in (2027, 2028) for month in range(1, 13)]


async def test_a_plan_of_the_31st_is_renewed_on_the_last_day_of_short_months_leap_years_too(
    billing: World,
) -> None:
    account_id = await billing.subscribe("free", "2027-01-31T10:00:00")
    for slot in MONTHS[:15]:
        await billing.renew(slot)
    assert await billing.periods(account_id) == [
        *("2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31", "2027-06-30", "2027-07-31", "2027-08-31"),
        *("2027-09-30", "2027-10-31", "2027-11-30", "2027-12-31", "2028-01-31", "2028-02-29", "2028-03-31"),
    ]


async def test_a_paid_year_gets_twelve_months_one_of_them_by_its_invoice(billing: World) -> None:
    account_id = await billing.pay_year("2027-01-31T23:00:00")
    for slot in MONTHS:
        await billing.renew(slot)
    assert await billing.periods(account_id) == [
        *("2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31", "2027-06-30", "2027-07-31"),
        *("2027-08-31", "2027-09-30", "2027-10-31", "2027-11-30", "2027-12-31"),
    ]
    assert (await billing.renew(MONTHS[-1])).processed == 0


async def test_what_is_paid_late_gets_its_months_with_the_next_look_whatever_the_first_of_the_month_saw(
    billing: World,
) -> None:
    await billing.renew("2027-02-01T03:00:00")
    declined = await billing.pay_year("2027-01-15T00:00:00")  # paid on 3 February
    await billing.renew("2027-02-03T03:00:00")
    await billing.renew("2027-04-20T03:00:00")
    assert await billing.periods(declined) == ["2027-01-15", "2027-02-15", "2027-03-15", "2027-04-15"]


async def test_unpaid_plans_and_a_free_plan_next_to_a_paid_one_are_not_renewed(billing: World) -> None:
    monthly = await billing.subscribe("pro", "2027-03-15T00:00:00", until="2027-04-15T00:00:00")
    unpaid = await billing.subscribe("pro", "2027-03-15T00:00:00", until="2028-03-15T00:00:00")
    leftover = await billing.subscribe(
        "pro", "2027-01-10T00:00:00", until="2027-05-10T00:00:00", state="past_due"
    )
    await billing.free(leftover, "2027-01-01T00:00:00")
    assert (await billing.renew("2027-04-01T03:00:00")).processed == 0
    for account_id in (monthly, unpaid, leftover):
        assert await billing.periods(account_id) == []


async def test_a_free_plan_is_not_caught_up_for_the_time_of_a_paid_one(billing: World) -> None:
    account_id = await billing.subscribe("pro", "2027-01-10T00:00:00", until="2027-05-10T00:00:00")
    await billing.free(account_id, "2026-12-05T00:00:00")
    await billing.pool.execute(
        "update billing.subscriptions set state = 'canceled', ended_at = $2 where account_id = $1 and source = 'stripe'",
        account_id,
        on("2027-05-10T00:00:00"),
    )
    await billing.renew("2027-06-02T03:00:00")
    assert await billing.periods(account_id) == ["2027-01-05", "2027-06-05"]


async def test_a_month_is_renewed_once_however_often_and_by_however_many(billing: World) -> None:
    account_id = await billing.subscribe("growth", "2027-01-05T00:00:00")
    progresses = await asyncio.gather(*(billing.renew("2027-02-01T03:00:00") for _ in range(8)))
    assert {progress.failed for progress in progresses} == {0}
    assert await billing.periods(account_id) == ["2027-02-05"]
    assert (await billing.renew("2027-02-01T03:00:00")).processed == 0


async def test_what_slots_missed_the_next_one_gives(billing: World) -> None:
    account_id = await billing.subscribe("growth", "2027-01-05T00:00:00")
    for slot in ("2027-04-01T03:00:00", "2027-02-01T03:00:00"):
        await billing.renew(slot)
    assert await billing.periods(account_id) == ["2027-02-05", "2027-03-05", "2027-04-05"]


async def test_one_account_that_cannot_be_renewed_keeps_no_other_from_it(billing: World) -> None:
    accounts = [await billing.subscribe("growth", "2027-01-05T00:00:00") for _ in range(3)]
    due = await PostgresRenewals(AdminClient(billing.pool)).due(on("2027-02-01T03:00:00"))
    poisoned = due[1]
    # Another account has used its key: the ledger refuses it.
    await billing.ledger.execute(
        "select credits.grant($1, 1, 'subscription', $2)", uuid4(), poisoned.grant_key
    )
    progress = await billing.renew("2027-02-01T03:00:00")
    assert (progress.succeeded, progress.failed) == (2, 1)
    assert str(poisoned.subscription_id) in progress.reasons[0]
    renewed = [account_id for account_id in accounts if await billing.periods(account_id)]
    assert sorted(renewed) == sorted({*accounts} - {poisoned.account_id})


async def test_renewable_subscriptions_are_for_the_service_role_alone(
    billing: World, database: Database
) -> None:
    admin = await asyncpg.connect(database.admin_url)
    rights = await admin.fetch(
        """select r.role, has_function_privilege(r.role, p.oid, 'execute') as may, p.prosecdef, p.proconfig
             from pg_proc p, unnest(array['service_role', 'billing_service', 'authenticated', 'anon', 'gateway_service']) as r(role)
            where p.proname = 'get_renewable_subscriptions'"""
    )
    await admin.close()
    assert {row["role"] for row in rights if row["may"]} == {"service_role", "billing_service"}
    assert all(row["prosecdef"] and row["proconfig"] == ['search_path=""'] for row in rights)


async def reconcile(billing: World) -> JobProgress:
    progress = JobProgress()
    await ReconcileInvoices(PostgresReconciliation(AdminClient(billing.pool)))(
        on("2027-02-01T04:00:00"), progress
    )
    return progress


async def found(billing: World) -> dict[str, str]:
    rows = await billing.pool.fetch("select what, ref from billing.differences where resolved_at is null")
    return {row["ref"]: row["what"] for row in rows}


async def invoice(billing: World, key: str, credits_: int, account_id: UUID) -> None:
    await billing.pool.execute(
        """insert into billing.purchase_grants (grant_key, purchase_id, group_key, account_id, credits, starts_at)
           values ($1, $2, $2, $3, $4, now())""",
        key,
        f"in_{uuid4().hex}",
        account_id,
        credits_,
    )


async def counted(billing: World) -> float:
    """What Prometheus is told of it."""
    await Gauges(AdminClient(billing.pool))()
    [figure] = BOOK_DIFFERENCES.collect()
    return figure.samples[0].value


async def test_books_that_match_have_no_difference(billing: World) -> None:
    account_id = await billing.subscribe("growth", "2027-01-05T00:00:00")
    await billing.renew("2027-02-01T03:00:00")
    await invoice(billing, "invoice:in_1", 50, account_id)
    await billing.ledger.execute("select credits.grant($1, 50, 'subscription', 'invoice:in_1')", account_id)
    # What billing has nothing to do with isn't compared.
    await billing.ledger.execute(
        "select credits.grant($1, 25, 'sign_up', $2)", account_id, f"sign_up:{account_id}"
    )
    progress = await reconcile(billing)
    assert (progress.processed, progress.found, progress.failed) == (2, 0, 0)
    assert await found(billing) == {}


async def test_each_difference_is_named_with_its_ids_and_nothing_is_mended(billing: World) -> None:
    one, other = uuid4(), uuid4()
    await invoice(billing, "invoice:never", 50, one)
    await invoice(billing, "invoice:less", 50, one)
    await invoice(billing, "invoice:other", 50, one)
    grant = "select credits.grant($1, $2, 'pack', $3)"
    await billing.ledger.execute(grant, one, 40, "invoice:less")
    await billing.ledger.execute(grant, other, 50, "invoice:other")
    await billing.ledger.execute(grant, other, 100, "session:cs_unknown")
    expected = {
        "invoice:never": "paid_but_not_granted",
        "invoice:less": "granted_amount_differs",
        "invoice:other": "granted_to_another_account",
        "session:cs_unknown": "granted_but_not_paid",
    }
    for _ in range(2):
        assert (await reconcile(billing)).found == 4
        assert await found(billing) == expected
    assert await counted(billing) == 4
    details = await billing.pool.fetch("select ref, detail from billing.differences")
    assert all(row["ref"] in row["detail"] for row in details)
    assert await billing.ledger.fetchval("select count(*) from credits.grants") == 3
    async with billing.pool.acquire() as connection:
        assert {one.ref: one.what for one in await audit.differences(connection)} == expected

    await billing.ledger.execute(grant, one, 50, "invoice:never")
    await reconcile(billing)
    assert "invoice:never" not in await found(billing)
    assert await counted(billing) == 3, "as the rows say, also for a process that reconciled nothing itself"
    assert await billing.pool.fetchval("select count(*) from billing.differences") == 4, (
        "what was resolved stays known"
    )
