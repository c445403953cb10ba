"""Checkout, portal, replay and undelivered events, against the Stripe simulator."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio
import stripe_samples as samples
from oslira_billing.application.close_accounts import CloseAccounts
from oslira_billing.infrastructure.postgres.closures import PostgresClosures
from oslira_billing.infrastructure.postgres.gauges import Gauges
from oslira_billing.infrastructure.postgres.offers import seed_offers
from oslira_billing.infrastructure.stripe_api import StripeApiObjects
from oslira_billing.infrastructure.stripe_sales import StripeSales
from oslira_billing.settings import Price
from oslira_devstack.servers.contract import Nats
from oslira_devstack.simulated import Simulators
from oslira_shared.bus.connection import Bus
from oslira_shared.contracts.billing.v1 import (
    CHECKOUT,
    PORTAL,
    REPLAY,
    CheckoutRequest,
    Page,
    PortalRequest,
    Replayed,
    ReplayRequest,
)
from oslira_shared.contracts.scheduler.v1 import JobState, RunJob, run_job_subject
from oslira_shared.errors import OsliraError
from oslira_shared.postgres.clients import AdminClient
from stripe_samples import line

# Stripe's own library still sends bodies the way that httpx would rather not see.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
SLOT = datetime(2026, 11, 22, 6, tzinfo=UTC)


@pytest_asyncio.fixture
async def gateway(service: Any, own_nats: Nats) -> AsyncGenerator[Bus]:
    bus = Bus(own_nats.url("gateway"), service="gateway")
    await bus.start()

    async def is_connected() -> bool:
        return bus.is_connected

    await service.until(is_connected)
    yield bus
    await bus.stop()


async def buy(gateway: Bus, account_id: UUID, *, key: str = "1", **order: Any) -> Page:
    request = CheckoutRequest(account_id=account_id, request_key=key, **order)
    return await gateway.request(CHECKOUT, request, Page, timeout_s=15)


async def refusal(gateway: Bus, account_id: UUID, **order: Any) -> str:
    with pytest.raises(OsliraError) as refused:
        await buy(gateway, account_id, **order)
    return refused.value.code


async def in_stripe(simulators: Simulators, path: str) -> dict[str, Any]:
    url, headers = f"{simulators.url}/stripe/v1/{path}", {"authorization": "Bearer sk_test_1"}
    return (await simulators.http.get(url, headers=headers)).raise_for_status().json()


async def test_a_checkout_is_for_the_accounts_own_customer_made_once(
    service: Any, gateway: Bus, simulators: Simulators
) -> None:
    account_id = uuid4()
    first = await buy(gateway, account_id, plan="pro")
    again = await buy(gateway, account_id, plan="pro")
    pack = await buy(gateway, account_id, key="2", pack="pack_100")
    assert first == again
    assert pack.session_id != first.session_id
    sold = await in_stripe(simulators, f"checkout/sessions/{first.session_id}?expand[]=line_items")
    assert (sold["mode"], sold["client_reference_id"]) == ("subscription", str(account_id))
    assert (
        sold["metadata"]
        == sold["subscription_data"]["metadata"]
        == {"account_id": str(account_id), "plan": "pro"}
    )
    assert [item["price"]["id"] for item in sold["line_items"]["data"]] == ["price_pro"]
    customers = (await in_stripe(simulators, "customers"))["data"]
    assert [customer["id"] for customer in customers] == [sold["customer"]]
    stored = "select account_id from billing.customers where stripe_customer_id = $1"
    assert await service.pool.fetchval(stored, sold["customer"]) == account_id


async def test_what_cannot_be_sold_is_refused(service: Any, gateway: Bus) -> None:
    account_id = uuid4()
    assert await refusal(gateway, account_id) == "invalid_request"
    assert await refusal(gateway, account_id, plan="pro", pack="pack_100") == "invalid_request"
    assert await refusal(gateway, account_id, plan="pro", interval="year") == "not_for_sale"
    assert await refusal(gateway, account_id, plan="free") == "not_for_sale"
    evil = {"plan": "pro", "success_url": "https://evil.example/"}
    assert await refusal(gateway, account_id, **evil) == "invalid_return_url"
    await buy(gateway, account_id, plan="pro")
    assert await refusal(gateway, account_id, pack="pack_100") == "idempotency_key_reused"
    payload = samples.event(
        "customer.subscription.created", samples.subscription(price="price_pro", account_id=str(account_id))
    )
    await service.post(payload)
    await service.ends(payload)
    assert await refusal(gateway, account_id, key="3", plan="pro") == "already_subscribed"


async def test_a_customer_that_was_deleted_at_stripe_is_replaced_and_the_account_can_buy(
    service: Any, gateway: Bus, simulators: Simulators
) -> None:
    account_id = uuid4()
    for number in ("1", "2"):
        sold = await in_stripe(
            simulators,
            f"checkout/sessions/{(await buy(gateway, account_id, key=number, plan='pro')).session_id}",
        )
        url, headers = (
            f"{simulators.url}/stripe/v1/customers/{sold['customer']}",
            {"authorization": "Bearer sk_test_1"},
        )
        (await simulators.http.delete(url, headers=headers)).raise_for_status()
    # The events of the one that is gone are still the account's.
    late = samples.event(
        "invoice.paid", samples.invoice(line(None, price="price_pro"), customer=sold["customer"])
    )
    await service.post(late)
    await service.ends(late)
    assert [amount for _, amount in await service.grants(account_id)] == [1500]
    with pytest.raises(OsliraError, match="no_customer"):
        await gateway.request(PORTAL, PortalRequest(account_id=account_id), Page, timeout_s=15)
    assert (await buy(gateway, account_id, key="3", pack="pack_100")).url


async def test_what_stripe_refuses_for_good_is_said_so(gateway: Bus, simulators: Simulators) -> None:
    await simulators.add_fault("stripe", "status", status=400, path="POST /v1/checkout/sessions")
    assert await refusal(gateway, uuid4(), plan="pro") == "provider_refused"


async def test_the_newest_price_that_is_active_is_sold(
    service: Any, gateway: Bus, simulators: Simulators
) -> None:
    async def sold() -> str:
        page = await buy(gateway, uuid4(), plan="pro")
        found = await in_stripe(simulators, f"checkout/sessions/{page.session_id}?expand[]=line_items")
        return found["line_items"]["data"][0]["price"]["id"]

    assert await sold() == "price_pro"
    prices = {"price_a_newer_one": Price(plan="pro", interval="month")}
    await seed_offers(AdminClient(service.pool), prices)
    assert await sold() == "price_a_newer_one"
    await seed_offers(
        AdminClient(service.pool),
        {name: one.model_copy(update={"active": False}) for name, one in prices.items()},
    )
    assert await sold() == "price_pro"


async def test_a_deleted_account_leaves_no_subscription_and_no_open_page_at_stripe(
    service: Any, gateway: Bus, simulators: Simulators, start: Any
) -> None:
    account_id = uuid4()
    page = await buy(gateway, account_id, plan="pro")
    described = samples.subscription(
        subscription_id="sub_live", price="price_pro", account_id=str(account_id)
    )
    payload = samples.event("customer.subscription.created", described)
    await simulators.add_stripe_object(described)
    await service.post(payload)
    await service.ends(payload)
    identity = await asyncpg.connect(start.database.url("gateway_service"))
    await identity.execute(
        "insert into identity.accounts (id, name, deleted_at) values ($1, 'A', now())", account_id
    )
    await identity.close()
    stripe = StripeApiObjects(api_key=lambda: "sk_test_1", api_base=simulators.environment["STRIPE_API_BASE"])
    close = CloseAccounts(PostgresClosures(AdminClient(service.pool)), StripeSales(stripe))
    await simulators.add_fault("stripe", "status", status=400, times=1)
    await close()
    await Gauges(AdminClient(service.pool))()
    assert await service.pool.fetchval("select reason from billing.account_closures") is not None
    await service.pool.execute("update billing.account_closures set not_before = now()")
    for _ in range(2):
        await close()
    await stripe.close()
    assert (await in_stripe(simulators, f"checkout/sessions/{page.session_id}"))["status"] == "expired"
    assert (await in_stripe(simulators, "subscriptions/sub_live"))["status"] == "canceled"
    assert await service.pool.fetchval("select state from billing.subscriptions") == "canceled"
    assert await service.pool.fetch("select * from billing.accounts_to_close(5)") == []


async def test_the_portal_is_for_who_has_bought(gateway: Bus) -> None:
    account_id = uuid4()

    async def portal(return_url: str | None = None) -> Page:
        request = PortalRequest(account_id=account_id, return_url=return_url)
        return await gateway.request(PORTAL, request, Page, timeout_s=15)

    with pytest.raises(OsliraError, match="no_customer"):
        await portal()
    await buy(gateway, account_id, pack="pack_100")
    assert (await portal()).url.startswith("https://billing.stripe.example/")
    with pytest.raises(OsliraError, match="invalid_return_url"):
        await portal("https://evil.example/")


async def test_a_dead_event_is_replayed_and_no_other(service: Any, gateway: Bus) -> None:
    account_id = uuid4()
    payload = samples.event(
        "invoice.paid", samples.invoice(line(None, price="price_new"), account_id=str(account_id))
    )
    await service.post(payload)
    await service.ends(payload, "dead")
    await service.pool.execute(
        "insert into billing.prices (stripe_price_id, plan, \"interval\") values ('price_new', 'growth', 'month')"
    )
    request = ReplayRequest(event_id=payload["id"])
    await gateway.request(REPLAY, request, Replayed)
    await service.ends(payload)
    assert [amount for _, amount in await service.grants(account_id)] == [250]
    for event_id, code in ((payload["id"], "conflict"), ("evt_unknown", "not_found")):
        with pytest.raises(OsliraError, match=code):
            await gateway.request(REPLAY, ReplayRequest(event_id=event_id), Replayed)


async def test_what_stripe_could_not_deliver_is_fetched_once(
    service: Any, gateway: Bus, simulators: Simulators
) -> None:
    account_id = uuid4()
    missed = [
        samples.event(
            "invoice.paid",
            samples.invoice(
                line(None, price="price_pro", start_s=samples.JULY_S + number * 86_400),
                account_id=str(account_id),
            ),
        )
        for number in range(3)
    ]
    url = f"{simulators.url}/_sim/stripe/objects?delivered=false"
    (await simulators.http.post(url, json={"objects": missed})).raise_for_status()
    await service.post(missed[0])  # it came after all

    state = await sync(service, gateway)
    assert (state.state, state.counts["processed"], state.counts["failed"]) == ("done", 3, 0)
    for payload in missed:
        await service.ends(payload)
    assert len(await service.grants(account_id)) == 3
    assert await service.count() == 3


async def test_an_end_without_an_event_is_found(service: Any, gateway: Bus, simulators: Simulators) -> None:
    account_id = uuid4()
    known = samples.subscription(subscription_id="sub_old", price="price_pro", account_id=str(account_id))
    payload = samples.event("customer.subscription.created", known)
    await service.post(payload)
    await service.ends(payload)
    await service.pool.execute("update billing.subscriptions set period_end = now() - interval '2 hours'")
    await simulators.add_stripe_object({**known, "status": "canceled"})
    assert (await sync(service, gateway)).counts["succeeded"] == 1

    async def is_over() -> bool:
        return await service.pool.fetchval("select state from billing.subscriptions") == "canceled"

    await service.until(is_over)


async def sync(service: Any, gateway: Bus) -> JobState:
    request, states = RunJob(job="subscription-sync", slot=SLOT), list[JobState]()

    async def is_done() -> bool:
        states.append(await gateway.request(run_job_subject("billing"), request, JobState))
        return states[-1].state != "due"

    await service.until(is_done)
    return states[-1]
