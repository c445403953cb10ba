"""Stripe, spoken by its own SDK."""

import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, cast

import pytest
import stripe

from .conftest import Sim

# stripe 16.1 posts its form through a deprecated argument of httpx 0.28
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<...>' to upload raw:DeprecationWarning")

OFFICIAL = Path(__file__).parents[4] / "shared" / "data" / "peers" / "stripe_fixtures3.json"
EVENT: dict[str, Any] = {
    "id": "evt_1",
    "object": "event",
    "type": "invoice.paid",
    "created": 1_793_534_402,
    "data": {
        "object": {
            "id": "in_1",
            "object": "invoice",
            "created": 1_793_534_400,
            "status": "paid",
            "customer": "cus_1",
            "parent": {"type": "subscription_details", "subscription_details": {"subscription": "sub_1"}},
            "lines": {"object": "list", "data": []},
        }
    },
}


@pytest.fixture
async def client(sim: Sim) -> AsyncGenerator[stripe.StripeClient]:
    http = stripe.HTTPXClient()
    yield stripe.StripeClient(
        "sk_test_1",
        base_addresses={"api": f"{sim.url}/stripe"},
        http_client=http,
        max_network_retries=0,
    )
    await http.close_async()


async def test_customer_checkout_and_portal_are_created_and_read_back(
    sim: Sim, client: stripe.StripeClient
) -> None:
    await sim.post(
        "stripe/objects", id="price_1", object="price", unit_amount=2000, metadata={"credits": "500"}
    )
    customer = await client.v1.customers.create_async(
        {"email": "a@b.example", "metadata": {"account_id": "a1"}}
    )
    assert (await client.v1.customers.retrieve_async(customer.id)).to_dict()["metadata"] == {
        "account_id": "a1"
    }
    session = await client.v1.checkout.sessions.create_async(
        {
            "mode": "subscription",
            "customer": customer.id,
            "client_reference_id": "a1",
            "line_items": [{"price": "price_1", "quantity": 2}],
            "success_url": "http://app.example/ok",
            "metadata": {"account_id": "a1"},
        }
    )
    assert session.url is not None
    assert session.url.endswith(session.id)
    read = await client.v1.checkout.sessions.retrieve_async(session.id)
    assert (read.payment_status, read.amount_total, read.client_reference_id) == ("unpaid", 4000, "a1")
    assert "line_items" not in read.to_dict()
    lines = await client.v1.checkout.sessions.line_items.list_async(session.id)
    price = lines.data[0].price
    assert price is not None
    assert (price.id, price.to_dict()["metadata"]) == ("price_1", {"credits": "500"})
    portal = await client.v1.billing_portal.sessions.create_async({"customer": customer.id})
    assert portal.url.startswith("https://")
    requests = (await sim.counters())["stripe"]["requests"]
    assert requests["POST /v1/checkout/sessions"] == 1
    assert requests["GET /v1/customers/{}"] == 1


async def test_an_event_brings_its_object_in_its_newest_state(sim: Sim, client: stripe.StripeClient) -> None:
    older = cast(
        "dict[str, Any]", EVENT | {"id": "evt_0", "created": 1_793_534_401, "type": "invoice.created"}
    )
    older["data"] = {"object": EVENT["data"]["object"] | {"status": "open"}}
    await sim.post("stripe/objects", objects=[older, EVENT])
    invoice = await client.v1.invoices.retrieve_async(
        "in_1", {"expand": ["parent.subscription_details.subscription"]}
    )
    assert invoice.status == "paid"
    listed = await client.v1.invoices.list_async({"subscription": "sub_1", "status": "paid"})
    assert [found.id for found in listed.data] == ["in_1"]
    assert (await client.v1.invoices.list_async({"customer": "cus_2"})).data == []
    events = await client.v1.events.list_async({"limit": 1})
    assert ([event.id for event in events.data], events.has_more) == (["evt_1"], True)
    rest = await client.v1.events.list_async({"starting_after": "evt_1", "types": ["invoice.created"]})
    assert [event.id for event in rest.data] == ["evt_0"]
    assert (await client.v1.events.retrieve_async("evt_1")).type == "invoice.paid"


async def test_events_that_were_not_delivered_are_listed(sim: Sim, client: stripe.StripeClient) -> None:
    await sim.http.post(f"{sim.url}/_sim/stripe/objects?delivered=false", json=EVENT | {"id": "evt_lost"})
    await sim.post("stripe/objects", **EVENT)
    lost = await client.v1.events.list_async({"delivery_success": False, "created": {"gte": 1_793_000_000}})
    assert [event.id for event in lost.data] == ["evt_lost"]
    assert (await client.v1.events.list_async({"created": {"lt": 1_793_000_000}})).data == []


async def test_a_refund_finds_its_invoice_through_its_payment(sim: Sim, client: stripe.StripeClient) -> None:
    payment = {"type": "payment_intent", "payment_intent": "pi_1"}
    await sim.post("stripe/objects", id="inpay_1", object="invoice_payment", invoice="in_1", payment=payment)
    await sim.post("stripe/objects", id="re_1", object="refund", charge="ch_1", payment_intent="pi_1")
    await sim.post("stripe/objects", id="ch_1", object="charge", payment_intent="pi_1")
    refund = await client.v1.refunds.retrieve_async("re_1", {"expand": ["charge"]})
    assert cast("stripe.Charge", refund.charge).id == "ch_1"
    found = await client.v1.invoice_payments.list_async(
        {"payment": {"type": "payment_intent", "payment_intent": "pi_1"}}
    )
    assert [payment.id for payment in found.data] == ["inpay_1"]


async def test_ended_subscriptions_are_listed_only_when_asked(sim: Sim, client: stripe.StripeClient) -> None:
    for number, status in enumerate(("active", "canceled")):
        await sim.post(
            "stripe/objects", id=f"sub_{number}", object="subscription", customer="cus_1", status=status
        )
    assert [found.id for found in (await client.v1.subscriptions.list_async({"customer": "cus_1"})).data] == [
        "sub_0"
    ]
    everything = await client.v1.subscriptions.list_async({"customer": "cus_1", "status": "all"})
    assert len(everything.data) == 2
    changed = await client.v1.subscriptions.update_async("sub_0", {"cancel_at_period_end": True})
    assert changed.cancel_at_period_end is True
    assert (await client.v1.subscriptions.cancel_async("sub_0")).status == "canceled"


async def test_what_is_unknown_and_what_has_no_key_is_refused(sim: Sim, client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="No such invoice: 'in_0'") as missing:
        await client.v1.invoices.retrieve_async("in_0")
    assert (missing.value.http_status, missing.value.code) == (404, "resource_missing")
    assert (await sim.http.get(f"{sim.url}/stripe/v1/events")).status_code == 401


async def test_an_idempotency_key_creates_once(sim: Sim, client: stripe.StripeClient) -> None:
    options: Any = {"idempotency_key": "k1"}
    first = await client.v1.customers.create_async({"email": "a@b.example"}, options)
    again = await client.v1.customers.create_async({"email": "a@b.example"}, options)
    assert first.id == again.id
    with pytest.raises(stripe.IdempotencyError):
        await client.v1.customers.create_async({"email": "c@d.example"}, options)
    await sim.fault("stripe", "lost_answer", times=1)
    other: Any = {"idempotency_key": "k2"}
    with pytest.raises(stripe.APIConnectionError):
        await client.v1.customers.create_async({"email": "e@f.example"}, other)
    assert (await client.v1.customers.create_async({"email": "e@f.example"}, other)).email == "e@f.example"
    assert len((await client.v1.customers.list_async({"email": "e@f.example"})).data) == 1


async def test_faults_have_stripes_shape(sim: Sim, client: stripe.StripeClient) -> None:
    await sim.fault("stripe", "status", status=429, path="GET /v1/events")
    with pytest.raises(stripe.RateLimitError):
        await client.v1.events.list_async()
    await client.v1.invoices.list_async()


async def test_what_calls_create_has_all_official_fields(sim: Sim, client: stripe.StripeClient) -> None:
    """By Stripe's own sample objects, where they are at hand."""
    official = json.loads(OFFICIAL.read_text())["resources"] if OFFICIAL.exists() else {}
    customer = await client.v1.customers.create_async({"email": "a@b.example"})
    session = await client.v1.checkout.sessions.create_async(
        {"mode": "payment", "customer": customer.id, "line_items": [{"price": "price_1", "quantity": 1}]}
    )
    items = await client.v1.checkout.sessions.line_items.list_async(session.id)
    portal = await client.v1.billing_portal.sessions.create_async({"customer": customer.id})
    for made in (customer, session, portal, items.data[0]):
        fields = made.to_dict()
        assert set(official.get(fields["object"], ())) - set(fields) == set(), fields["object"]


async def test_a_long_invoice_shows_ten_lines_and_lists_all(sim: Sim, client: stripe.StripeClient) -> None:
    lines = [{"id": f"il_{number}", "object": "line_item", "amount": 1} for number in range(23)]
    await sim.post("stripe/objects", id="in_long", object="invoice", lines={"object": "list", "data": lines})
    shown = await client.v1.invoices.retrieve_async("in_long")
    assert (len(shown.lines.data), shown.lines.has_more) == (10, True)
    found = await client.v1.invoices.line_items.list_async("in_long", {"limit": 10})
    ids = [line.id async for line in found.auto_paging_iter()]
    assert ids == [line["id"] for line in lines]


async def test_nothing_is_sold_to_a_deleted_customer_and_an_expired_page_sells_nothing(
    sim: Sim, client: stripe.StripeClient
) -> None:
    customer = await client.v1.customers.create_async({})
    session = await client.v1.checkout.sessions.create_async({"mode": "payment", "customer": customer.id})
    assert (await client.v1.checkout.sessions.expire_async(session.id)).status == "expired"
    with pytest.raises(stripe.InvalidRequestError, match="can be expired"):
        await client.v1.checkout.sessions.expire_async(session.id)
    await client.v1.customers.delete_async(customer.id)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await client.v1.checkout.sessions.create_async({"mode": "payment", "customer": customer.id})
    assert (refused.value.code, refused.value.param) == ("resource_missing", "customer")
