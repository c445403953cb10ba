"""After restoring yesterday's backup of Postgres, today's payments, refunds and grants come back from Stripe, none twice."""

import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import stripe_samples as samples
from money_rows import events_of, ledger_of
from oslira_billing.application.apply_event import ApplyEvent
from oslira_billing.application.compare_money import CompareMoney
from oslira_billing.application.import_missing import ImportMissing, Order, Step
from oslira_billing.infrastructure.postgres.inbox import PostgresInbox
from oslira_billing.infrastructure.postgres.mismatches import PostgresMoneyRecords
from oslira_billing.infrastructure.postgres.offers import seed_offers
from oslira_billing.infrastructure.stripe_api import StripeApiObjects
from oslira_billing.infrastructure.stripe_lists import StripeLists
from oslira_billing.settings import Price
from oslira_cli.reconciliation import Reconcile, Reconciled
from oslira_devstack.databases import Database, fresh_database
from oslira_devstack.servers.contract import Nats
from oslira_devstack.simulated import Simulators
from oslira_shared.bus.connection import Bus
from oslira_shared.contracts.billing.v1 import RECONCILE, ReconcileRequest, ReconcileStep
from oslira_shared.contracts.scheduler.v1 import JobState, RunJob, run_job_subject
from oslira_shared.errors import OsliraError
from oslira_shared.postgres.clients import AdminClient, open_pool
from stripe_shop import MONTH_MINOR, PACK_MINOR, NoPublisher, StripeShop

from .conftest import Service, provision, running, until

# stripe 16.1 posts its form through a deprecated argument of httpx 0.28
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<...>' to upload raw:DeprecationWarning")
PRICES = {
    "price_growth": Price(plan="growth", interval="month"),
    "price_pro": Price(plan="pro", interval="month"),
}


@dataclass
class Delivered(StripeShop):
    """Its events come as webhooks to a running service."""

    service: Service | None = None

    async def hear(self, event: dict[str, Any]) -> None:
        assert self.service is not None
        await self.service.post(event)
        await self.service.ends(event)


class AtOnce:
    """Implements Hints: what is announced is applied."""

    def __init__(self, inbox: PostgresInbox, stripe: StripeApiObjects) -> None:
        self._apply = ApplyEvent(inbox, stripe, NoPublisher())

    async def announce(self, row_id: UUID, state: str, attempt: int, *, again: bool = False) -> bool:
        del state, attempt, again
        await self._apply(row_id)
        return True

    async def waiting_since(self) -> datetime | None:
        return None


@asynccontextmanager
async def operator(server: Nats) -> AsyncGenerator[Reconcile]:
    """`oslira reconcile`, which asks over the bus what it asks the gateway for otherwise."""
    bus = Bus(server.url("gateway"), service="gateway")
    await bus.start()

    async def is_connected() -> bool:
        return bus.is_connected

    await until(is_connected)

    async def ask(_method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        if path == "/reconcile":
            request = ReconcileRequest.model_validate(body)
            return (await bus.request(RECONCILE, request, ReconcileStep, timeout_s=50)).model_dump()
        assert path == "/jobs/owed-credits"
        assert body is not None
        job = RunJob(job="owed-credits", slot=datetime.fromisoformat(body["slot"]))
        return (await bus.request(run_job_subject("billing"), job, JobState)).model_dump()

    yield Reconcile(ask=ask, report=lambda _: None, wait_s=60)
    await bus.stop()


async def a_day(
    service: Service, simulators: Simulators, before: list[Delivered], charges: list[str]
) -> None:
    """What happens after the backup: to customers and charges from before it, and to new ones."""
    old, other, leaving = before
    _, charge_id = await old.pay_pack()
    await old.refund(charge_id, 450, PACK_MINOR)
    upgrade = samples.invoice(
        samples.line(None, price="price_growth", amount=-1_400, proration=True),
        samples.line(None, price="price_pro", amount=4_950, proration=True),
        customer=old.customer,
        subscription=old.subscription,
        reason="subscription_update",
        invoice_id=f"in_upgrade_{old.account_id.hex}",
        account_id=str(old.account_id),
    )
    await old.happen("invoice.paid", upgrade)
    pro = samples.subscription(subscription_id=old.subscription, customer=old.customer, price="price_pro")
    await old.happen("customer.subscription.updated", pro)
    await other.refund(charges[0], PACK_MINOR, PACK_MINOR)
    await other.dispute(charges[1], "won", PACK_MINOR)
    invoice_id, _ = await leaving.pay_month()
    await leaving.note(invoice_id, MONTH_MINOR // 2)
    gone = samples.subscription(
        subscription_id=leaving.subscription,
        customer=leaving.customer,
        price="price_growth",
        status="canceled",
    )
    await leaving.happen("customer.subscription.deleted", gone)
    new = Delivered(simulators, old.inbox, old.stripe, int(time.time()), service=service)
    await new.pay_month()
    _, disputed = await new.pay_pack()
    await new.dispute(disputed, "needs_response", PACK_MINOR)


async def test_a_restored_backup_gets_the_day_back_from_stripe_and_nothing_twice(
    own_nats: Nats, database: Database, simulators: Simulators
) -> None:
    await provision(own_nats)
    stripe_base = simulators.environment["STRIPE_API_BASE"]
    options: dict[str, Any] = {"nats_url": own_nats.url("billing"), "stripe_base": stripe_base}
    began, day_ago = datetime.now(UTC), int(time.time()) - 86_400
    customers: list[Delivered] = []
    async with running(database=database, **options) as service:
        await seed_offers(AdminClient(service.pool), PRICES)
        inbox: Any = None  # a Delivered asks no use case itself
        customers += [Delivered(simulators, inbox, inbox, day_ago, service=service) for _ in range(3)]
        for one in customers:
            plan = samples.subscription(
                subscription_id=one.subscription, customer=one.customer, price="price_growth"
            )
            names: dict[str, Any] = {"account_id": str(one.account_id)}
            await one.happen(
                "checkout.session.completed",
                samples.session(customer=one.customer, mode="subscription", **names),
            )
            await one.happen("customer.subscription.created", plan)
        await customers[0].pay_month()
        charges = [(await customers[1].pay_pack())[1] for _ in range(2)]
        await customers[1].dispute(charges[1], "needs_response", PACK_MINOR)
    # Nobody is connected: a copy of it is the backup.
    async with fresh_database(database.postgres, template=database.name) as backup:
        async with running(database=database, **options) as service:
            for one in customers:
                one.service, one.now_s = service, int(time.time())
            await a_day(service, simulators, customers, charges)
        wanted = await ledger_of(database)
        assert await ledger_of(backup) != wanted

        async with running(database=backup, **options), operator(own_nats) as reconcile:
            before = await events_of(backup)
            since = began - timedelta(minutes=1)

            async def run(*, is_dry_run: bool = False) -> Reconciled:
                return await reconcile(since, datetime.now(UTC) + timedelta(seconds=1), is_dry_run=is_dry_run)

            looked = await run(is_dry_run=True)
            assert looked.missing >= 10
            assert not looked.is_clean
            assert {one["kind"] for one in looked.mismatches} >= {
                "payment_without_grant",
                "refund_without_reversal",
            }
            assert await events_of(backup) == before, "a dry run stores nothing"

            done = await run()
            assert (done.missing, done.mismatches, done.waiting) == (looked.missing, [], 0)
            assert done.is_clean
            assert await ledger_of(backup) == wanted
            events = await events_of(backup)

            again = await run()
            assert (again.seen, again.missing, again.is_clean) == (done.seen, 0, True)
            assert await ledger_of(backup) == wanted
            assert await events_of(backup) == events


@dataclass
class Desk:
    database: Database
    import_missing: ImportMissing
    shop: StripeShop

    async def run(self, since: datetime, end: datetime) -> list[Step]:
        steps: list[Step] = []
        cursor: str | None = None
        while not steps or cursor is not None:
            steps.append(await self.import_missing(Order(since=since, until=end, cursor=cursor)))
            cursor = steps[-1].cursor
        return steps


@asynccontextmanager
async def desk(database: Database, simulators: Simulators, *, now: datetime) -> AsyncGenerator[Desk]:
    stripe = StripeApiObjects(api_key=lambda: "sk_test_1", api_base=simulators.environment["STRIPE_API_BASE"])
    async with await open_pool(database.url("billing_service"), service="billing", min_size=1) as pool:
        client = AdminClient(pool)
        await seed_offers(client, PRICES)
        inbox, lists, records = PostgresInbox(client), StripeLists(stripe), PostgresMoneyRecords(client)
        import_missing = ImportMissing(
            lists=lists,
            records=records,
            stripe=stripe,
            compare=CompareMoney(inbox=inbox, stripe=stripe, lists=lists, records=records),
            inbox=inbox,
            hints=AtOnce(inbox, stripe),
            livemode=False,
            now=lambda: now,
        )
        yield Desk(database, import_missing, StripeShop(simulators, inbox, stripe, int(time.time())))
    await stripe.close()


async def test_what_is_older_than_stripes_events_comes_back_from_its_objects(
    database: Database, simulators: Simulators
) -> None:
    long_after = datetime.now(UTC) + timedelta(days=40)
    async with desk(database, simulators, now=long_after) as at:
        shop = at.shop
        await shop.pay_month(is_heard=False)
        _, charge_id = await shop.pay_pack()
        await shop.dispute(charge_id, "needs_response", PACK_MINOR)
        await shop.dispute(charge_id, "won", PACK_MINOR, is_heard=False)
        invoice_id, _ = await shop.pay_month(is_heard=False)
        await shop.note(invoice_id, MONTH_MINOR, is_heard=False)
        _, refunded = await shop.pay_pack(is_heard=False)
        await shop.refund(refunded, 450, PACK_MINOR, is_heard=False)
        since, end = datetime.now(UTC) - timedelta(days=1), datetime.now(UTC) + timedelta(minutes=1)
        steps = await at.run(since, end)
        assert {step.step for step in steps} == {"events", "objects", "open", "applying", "compare"}
        assert sum(step.seen for step in steps if step.step == "events") == 0
        assert [one for step in steps for one in step.mismatches] == []
        balances = {
            kind: amount
            for account_id, kind, amount in (await ledger_of(database))["credits.balances"]
            if account_id == shop.account_id
        }
        assert balances["available"] == 250 + 100 + 50
        events = await events_of(database)
        again = await at.run(since, end)
        assert sum(step.missing for step in again) == 0
        assert await events_of(database) == events


async def test_a_step_that_stripe_does_not_answer_is_asked_for_again(
    database: Database, simulators: Simulators
) -> None:
    async with desk(database, simulators, now=datetime.now(UTC)) as at:
        await at.shop.pay_pack(is_heard=False)
        order = Order(
            since=datetime.now(UTC) - timedelta(hours=1), until=datetime.now(UTC) + timedelta(minutes=1)
        )
        await simulators.add_fault("stripe", "status", status=500, path="GET /v1/events", times=1)
        with pytest.raises(OsliraError, match="provider_unavailable"):
            await at.import_missing(order)
        assert (await at.import_missing(order)).missing == 1


@pytest.mark.parametrize("cursor", ["nowhere", "events:x", "compare:yesterday", "objects:-1:in_1"])
async def test_a_cursor_that_is_none_is_refused(
    database: Database, simulators: Simulators, cursor: str
) -> None:
    async with desk(database, simulators, now=datetime.now(UTC)) as at:
        now = datetime.now(UTC)
        with pytest.raises(OsliraError, match="invalid_request"):
            await at.import_missing(Order(since=now - timedelta(days=1), until=now, cursor=cursor))
        with pytest.raises(OsliraError, match="invalid_request"):
            await at.import_missing(Order(since=now, until=now - timedelta(days=1)))
