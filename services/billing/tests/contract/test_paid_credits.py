"""Credits follow money received: changes of plan, quantities, trials, and whose an event is."""

import itertools
from datetime import timedelta
from typing import Any

import pytest
import stripe_samples as samples
from oslira_shared.errors import OsliraError
from stripe_customer import DAY_S, GROWTH, PRO, YEAR_S, Customer, month, year
from stripe_samples import AUGUST_S, JULY_S, line


@pytest.fixture
def customer(office: Any) -> Customer:
    return Customer(office)


async def test_switching_up_and_down_on_one_day_makes_no_credits(customer: Customer) -> None:
    await customer.pay(customer.invoice(month()))
    for number in range(5):
        up = customer.change("growth", "pro", day=1, name=f"up{number}")
        down = customer.change("pro", "growth", day=1, name=f"down{number}")
        await customer.pay(up, down)
    assert await customer.available() == GROWTH


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_up_and_down_leave_the_time_that_was_paid_in_any_order_of_events(
    customer: Customer, order: tuple[int, ...]
) -> None:
    invoices = [
        customer.invoice(month()),
        customer.change("growth", "pro", day=10),
        customer.change("pro", "growth", day=20),
    ]
    row_ids = await customer.pay(*(invoices[number] for number in order))
    assert await customer.states(row_ids) == ["done"] * 3
    up, down = round((PRO - GROWTH) * 21 / 31), round((PRO - GROWTH) * 11 / 31)
    assert await customer.available() == GROWTH + up - down


async def test_cancelled_with_proration_and_bought_again_is_paid_once(customer: Customer) -> None:
    await customer.pay(customer.invoice(month("pro", amount=9_900)))
    rest = line(None, price="price_pro", amount=-9_900, end_s=AUGUST_S, proration=True)
    await customer.pay(customer.invoice(rest, name="cancel", reason="manual", created=JULY_S + 1))
    assert await customer.available() == 0
    again = customer.invoice(
        month("pro", amount=9_900), name="again", subscription=f"{customer.subscription}b", from_balance=9_900
    )
    await customer.pay(again)
    assert await customer.available() == PRO


async def test_a_quantity_and_every_page_of_lines_count(customer: Customer) -> None:
    await customer.pay(customer.invoice(month("pro", quantity=3)))
    assert await customer.available() == 3 * PRO
    lines = [line(None, price="price_service", amount=500, start_s=AUGUST_S) for _ in range(10)]
    whole = customer.invoice(*lines, line(None, price="price_pro", start_s=AUGUST_S), name="long")
    shown = {**whole, "lines": {"data": lines, "has_more": True}}
    (row_id,) = await customer.pay(shown)
    assert (await customer.reason(row_id))[1].startswith("invoice_incomplete")
    customer.office.stripe.objects[whole["id"]] = whole
    await customer.pay(shown)
    assert await customer.available() == 4 * PRO


async def test_a_price_that_the_table_lacks_ends_dead_with_its_id(customer: Customer) -> None:
    unknown = line("pro", price="price_of_next_year")
    (row_id,) = await customer.pay(customer.invoice(unknown, plan="pro"))
    state, reason = await customer.reason(row_id)
    assert (state, "price_of_next_year" in reason) == ("dead", True)
    assert await customer.available() == 0


async def test_an_event_of_another_api_version_is_read_under_ours(customer: Customer) -> None:
    current = customer.invoice(month("pro"))
    older = {"id": current["id"], "object": "invoice", "customer": current["customer"], "lines": {"data": []}}
    payload = samples.event("invoice.paid", older, api_version="2024-06-20")
    row_id = await customer.office.receive(payload)
    state, reason = await customer.reason(row_id)
    assert (state, reason.split(":")[0]) == ("dead", "api_version_differs")
    customer.office.stripe.objects[current["id"]] = current
    assert await customer.office.world.inbox.requeue(payload["id"]) == row_id
    await customer.office.sweep()
    assert (await customer.reason(row_id))[0] == "done"
    assert await customer.available() == PRO


async def test_another_platforms_accounts_event_is_not_believed(customer: Customer) -> None:
    payload = samples.event("invoice.paid", customer.invoice(month("pro")), account="acct_1Stranger")
    assert (await customer.reason(await customer.office.receive(payload)))[0] == "ignored"
    assert await customer.available() == 0


async def test_another_products_event_waits_quietly_and_is_ignored(office: Any) -> None:
    theirs = samples.invoice(
        line(None, price="price_theirs"), customer="cus_theirs", subscription="sub_theirs"
    )
    refund = samples.charge(customer="cus_theirs", payment="pi_theirs", charge_id="ch_theirs")
    row_ids = [
        await office.receive(samples.event(kind, described))
        for kind, described in (("invoice.paid", theirs), ("charge.refunded", refund))
    ]
    for row_id in row_ids:
        assert (await office.world.event(row_id))[0] == "received"
    await office.sweep(after=timedelta(days=3, seconds=1))
    for row_id in row_ids:
        state, _, reason = await office.world.event(row_id)
        assert (state, reason.split(":")[0]) == ("ignored", "not_ours")


async def test_a_foreign_reference_falls_back_to_the_stored_customer(customer: Customer) -> None:
    named = samples.session(
        customer=f"cus_{customer.account_id}", mode="subscription", account_id=str(customer.account_id)
    )
    await customer.office.receive(samples.event("checkout.session.completed", named))
    sold = samples.session(customer=f"cus_{customer.account_id}", pack="pack_100", user_id="auth0|64f1")
    sold["client_reference_id"] = "team-7"
    await customer.office.receive(samples.event("checkout.session.completed", sold))
    assert await customer.available() == 100


async def test_a_deleted_accounts_purchase_ends_dead_to_be_refunded(
    customer: Customer,
) -> None:
    await customer.pay(customer.invoice(year()))

    await customer.office.world.close(customer.account_id)
    late = samples.session(pack="pack_100", account_id=str(customer.account_id))
    row_id = await customer.office.receive(samples.event("checkout.session.completed", late))
    state, reason = await customer.reason(row_id)
    assert (state, reason.split(":")[0]) == ("dead", "account_closed")
    # What only gives back needs nobody: nothing was paid.
    rest = line(None, price="price_pro_year", amount=-9_000, start_s=AUGUST_S, end_s=YEAR_S, proration=True)
    assert await customer.states(await customer.pay(customer.invoice(rest, name="cancel"))) == ["done"]


@pytest.mark.parametrize("days", [7, 60])
async def test_a_trial_grants_once_and_the_paid_period_after_it(customer: Customer, days: int) -> None:
    ends_s = JULY_S + days * DAY_S
    trial = line(None, price="price_pro", amount=0, end_s=ends_s)
    await customer.pay(customer.invoice(trial, name="trial", reason="subscription_create"))
    await customer.pay(customer.invoice(trial, name="again", reason="subscription_update"))
    other = f"{customer.subscription}b"
    await customer.pay(
        customer.invoice(trial, name="other", reason="subscription_create", subscription=other)
    )
    await customer.look("2026-09-01")
    assert await customer.available() == 25
    await customer.pay(customer.invoice(line(None, price="price_pro", start_s=ends_s), name="paid"))
    assert await customer.available() == 25 + PRO


async def test_two_invoices_for_one_period_were_both_paid(customer: Customer) -> None:
    row_ids = await customer.pay(customer.invoice(month()), customer.invoice(month(), name="2"))
    assert await customer.states(row_ids) == ["done", "done"]
    assert await customer.available() == 2 * GROWTH


async def test_an_old_event_that_meets_one_outage_is_tried_again(customer: Customer) -> None:
    payload = samples.event(
        "customer.subscription.created",
        samples.subscription(
            subscription_id=customer.subscription,
            customer=f"cus_{customer.account_id}",
            price="price_pro",
            account_id=str(customer.account_id),
        ),
    )
    row_id = await customer.office.store(payload)
    await customer.office.world.pass_time(timedelta(days=3, hours=1))

    async def out(*_: str) -> None:
        raise OsliraError("provider_unavailable", "Stripe: APIConnectionError")

    customer.office.stripe.retrieve = out
    await customer.office.apply(row_id)
    assert (await customer.reason(row_id))[0] == "received"
    # However long it lasts.
    await customer.office.sweep(after=timedelta(days=4))
    assert (await customer.reason(row_id))[0] == "received"
    del customer.office.stripe.retrieve
    await customer.office.sweep(after=timedelta(minutes=20))
    assert (await customer.reason(row_id))[0] == "done"


async def test_an_old_event_still_waits_for_the_customer_that_it_names(customer: Customer) -> None:
    bare = customer.invoice(month())
    bare["parent"]["subscription_details"]["metadata"] = {}
    row_id = await customer.office.store(samples.event("invoice.paid", bare))
    await customer.office.world.pass_time(timedelta(days=3, hours=1))
    await customer.office.apply(row_id)
    assert (await customer.reason(row_id))[0] == "received"
    linked = samples.session(
        customer=f"cus_{customer.account_id}", mode="subscription", account_id=str(customer.account_id)
    )
    await customer.office.receive(samples.event("checkout.session.completed", linked))
    await customer.office.sweep(after=timedelta(0))
    assert await customer.available() == GROWTH


async def test_huge_metadata_and_expanded_objects_are_read(customer: Customer) -> None:
    invoice = customer.invoice(month("pro"))
    invoice["customer"] = {"object": "customer", "id": invoice["customer"], "metadata": {}}
    details = invoice["parent"]["subscription_details"]
    details["subscription"] = {"object": "subscription", "id": customer.subscription}
    details["metadata"] |= {f"key_{number}": "ä" * 500 for number in range(49)}
    price = invoice["lines"]["data"][0]["pricing"]["price_details"]
    price |= {
        "price": {"object": "price", "id": price["price"]},
        "product": {"object": "product", "id": "prod_1"},
    }
    assert await customer.states(await customer.pay(invoice)) == ["done"]
    assert set(await customer.office.world.grants(customer.account_id)) == {
        f"sub:{customer.subscription}:{JULY_S}"
    }
