"""Billing with the other services: the Stripe API, events, jobs, access."""

import sys
from asyncio import create_subprocess_exec, subprocess
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
import stripe_samples as samples
from nats.js import JetStreamContext
from oslira_billing.infrastructure.stripe_api import StripeApiObjects
from oslira_devstack.databases import Database
from oslira_devstack.servers.contract import Nats
from oslira_devstack.simulated import Simulators
from oslira_shared.bus.connection import Bus
from oslira_shared.bus.nkeys import new_seed
from oslira_shared.contracts.billing.v1 import SUBSCRIPTION_CHANGED, SubscriptionChanged
from oslira_shared.contracts.scheduler.v1 import JobState, RunJob, Tick, run_job_subject, tick_subject
from oslira_shared.errors import OsliraError
from oslira_shared.ids import new_id
from oslira_shared.postgres.clients import UserClient, open_pool

SLOT = datetime(2026, 11, 22, 2, tzinfo=UTC)


async def test_a_new_plan_is_news_to_other_services(service: Any, tester: JetStreamContext) -> None:
    account_id = uuid4()
    payload = samples.event(
        "customer.subscription.created", samples.subscription(price="price_pro", account_id=str(account_id))
    )
    await service.post(payload)
    await service.ends(payload)
    message = await tester.get_last_msg("EVENTS", SUBSCRIPTION_CHANGED)
    assert SubscriptionChanged.model_validate_json(message.data or b"").account_id == account_id


async def test_a_subscription_is_asked_for_as_stripe_has_it_now(service: Any, simulators: Simulators) -> None:
    account_id = uuid4()
    current = samples.subscription(subscription_id="sub_now", price="price_pro", status="canceled")
    await simulators.add_stripe_object(current)
    late = samples.subscription(subscription_id="sub_now", price="price_pro", account_id=str(account_id))
    payload = samples.event("customer.subscription.created", late)
    await service.post(payload)
    await service.ends(payload)
    assert await service.pool.fetchval("select state from billing.subscriptions") == "canceled"


async def test_stripe_out_of_order_is_a_reason_to_try_again(simulators: Simulators) -> None:
    stripe = StripeApiObjects(api_key=lambda: "sk_test_1", api_base=simulators.environment["STRIPE_API_BASE"])
    assert await stripe.retrieve("subscription", "sub_unknown") is None
    for kind in ("status", "drop"):
        await simulators.clear_faults()
        await simulators.add_fault("stripe", kind, rate=1.0, **({"status": 503} if kind == "status" else {}))
        with pytest.raises(OsliraError) as outage:
            await stripe.retrieve("subscription", "sub_unknown")
        assert outage.value.code == "provider_unavailable"
    await simulators.clear_faults()
    await stripe.close()


async def tick(tester: JetStreamContext, job: str) -> None:
    message = Tick(event_id=new_id(), job=job, slot=SLOT)
    await tester.publish(tick_subject(job), message.model_dump_json().encode())


async def test_the_daily_clean_up_forgets_old_bodies_once_a_slot(
    service: Any, tester: JetStreamContext
) -> None:
    old, young = (samples.event("payout.paid", {"id": "po_1"}) for _ in range(2))
    for payload in (old, young):
        await service.post(payload)
        await service.ends(payload, "ignored")
    aged = (
        "update billing.webhook_events set created_at = now() - interval '91 days' where stripe_event_id = $1"
    )
    await service.pool.execute(aged, old["id"])
    for _ in range(3):
        await tick(tester, "daily-cleanup")

    async def is_done() -> bool:
        return await service.pool.fetchval("select state from billing.job_runs") == "done"

    await service.until(is_done)
    bodies = await service.pool.fetch(
        "select stripe_event_id from billing.webhook_events where payload is not null"
    )
    assert [row["stripe_event_id"] for row in bodies] == [young["id"]]
    [kept] = await service.pool.fetch("select counts, slot from billing.job_runs")
    assert (kept["counts"]["deleted"], kept["slot"]) == ({"webhook_events.payload": 1}, SLOT)


async def test_a_job_left_in_the_middle_is_taken_over(service: Any) -> None:
    """As a process killed in mid-job leaves it: claimed, its lease lapsed."""
    await service.pool.execute(
        """insert into billing.job_runs (id, job, slot, state, attempt, failures, lease_until, due_at)
           values ($1, 'daily-cleanup', $2, 'due', 1, 1, now() - interval '1 second', now())""",
        uuid4(),
        SLOT,
    )

    async def is_done() -> bool:
        return await service.pool.fetchval("select state from billing.job_runs") == "done"

    await service.until(is_done)


async def test_an_operator_runs_a_job_by_hand_and_no_job_that_is_not_there(
    service: Any, own_nats: Nats
) -> None:
    gateway = Bus(own_nats.url("gateway"), service="gateway")
    await gateway.start()

    async def is_connected() -> bool:
        return gateway.is_connected

    await service.until(is_connected)
    request = RunJob(job="invoice-reconciliation", slot=SLOT)

    async def is_done() -> bool:
        state = await gateway.request(run_job_subject("billing"), request, JobState)
        return (state.state, state.slot) == ("done", SLOT)

    await service.until(is_done)
    with pytest.raises(OsliraError, match="not_found"):
        await gateway.request(run_job_subject("billing"), RunJob(job="wash-up", slot=SLOT), JobState)
    await gateway.stop()
    assert await service.pool.fetchval("select array_agg(job) from billing.job_runs") == [
        "invoice-reconciliation"
    ]


async def test_the_plan_in_force_is_the_best_of_what_is_live(service: Any, database: Database) -> None:
    account_id = uuid4()
    readers = {
        role: await asyncpg.connect(database.url(role)) for role in ("analysis_service", "gateway_service")
    }
    pool = service.pool

    async def plans() -> set[str | None]:
        query = "select plan from billing.account_plans where account_id = $1"
        return {await reader.fetchval(query, account_id) for reader in readers.values()}

    assert await plans() == {None}
    await pool.execute("select billing.set_manual_plan($1, 'agency')", account_id)
    await pool.execute("select billing.set_manual_plan($1, 'free')", account_id)
    assert await plans() == {"free"}
    await pool.execute(
        """insert into billing.subscriptions (account_id, plan, state, source, stripe_subscription_id)
           values ($1, 'pro', 'past_due', 'stripe', 'sub_1'), ($1, 'agency', 'canceled', 'stripe', 'sub_2')""",
        account_id,
    )
    assert await plans() == {"pro"}
    with pytest.raises(asyncpg.InvalidParameterValueError, match="there is no plan gold"):
        await pool.execute("select billing.set_manual_plan($1, 'gold')", account_id)
    for reader in readers.values():
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await reader.fetch("select * from billing.subscriptions")
        await reader.close()


async def test_users_see_their_own_subscription_and_nothing_of_stripes(
    service: Any, database: Database
) -> None:
    await service.pool.execute("select billing.set_manual_plan($1, 'pro')", uuid4())
    await service.pool.execute(
        "insert into billing.payment_problems (stripe_invoice_id, account_id, problem) values ('in_1', $1, 'payment_failed')",
        uuid4(),
    )
    pool = await open_pool(database.url("gateway_service"), service="gateway", min_size=1)
    user = UserClient(pool, claims={"role": "authenticated", "sub": str(uuid4())})
    async with user.transaction() as connection:
        assert await connection.fetch("select account_id, plan, state from billing.subscriptions") == []
        assert (
            await connection.fetch("select problem, hosted_invoice_url from billing.payment_problems") == []
        )
    for query in (
        "select * from billing.customers",
        "select * from billing.webhook_events",
        "select fetch_seq from billing.subscriptions",
        "select * from billing.payment_problems",
        "select * from billing.checkout_sessions",
        "select * from billing.invoice_payments",
        "select * from billing.charges",
        "select * from billing.disputes",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with user.transaction() as connection:
                await connection.fetch(query)
    await pool.close()


async def test_the_process_says_why_it_cannot_start() -> None:
    environment = {
        "OSLIRA_ENV": "production",
        "NATS_URL": "nats://nats.example.com",
        "NATS_NKEY_SEED": new_seed(),
        "DATABASE_URL": "postgres://db.example.com/oslira",
        "STRIPE_SECRET_KEY": "elsewhere",
        "STRIPE_API_BASE": "http://127.0.0.1:1",
    }
    process = await create_subprocess_exec(
        sys.executable, "-m", "oslira_billing", env=environment, stderr=subprocess.PIPE
    )
    _, errors = await process.communicate()
    assert process.returncode == 78
    for reason in (
        "STRIPE_WEBHOOK_SECRET is missing",
        "STRIPE_SECRET_KEY is used here",
        "STRIPE_API_BASE is an address",
    ):
        assert reason in errors.decode()


async def test_a_finished_job_run_is_not_claimed_again(service: Any, tester: JetStreamContext) -> None:
    await tick(tester, "daily-cleanup")

    async def is_done() -> bool:
        return await service.pool.fetchval("select state from billing.job_runs") == "done"

    await service.until(is_done)
    await service.pool.execute(
        "update billing.job_runs set created_at = created_at - $1::interval", timedelta(days=1)
    )
    await tick(tester, "daily-cleanup")
    await tick(tester, "daily-cleanup")
    assert await service.pool.fetchval("select attempt from billing.job_runs") == 1
