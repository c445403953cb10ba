"""Credits follow money received: years, and money that goes back in part, in several ways or in another currency."""

from typing import Any

import pytest
import stripe_samples as samples
from stripe_customer import AGENCY, DAY_S, GROWTH, PRO, YEAR_S, Customer, month, year
from stripe_samples import AUGUST_S, JULY_S, line


@pytest.fixture
def customer(office: Any) -> Customer:
    return Customer(office)


async def test_a_year_gets_every_month_whatever_was_missed(customer: Customer) -> None:
    await customer.pay(customer.invoice(year()))
    await customer.look("2026-07-31")
    assert await customer.available() == PRO
    await customer.look("2026-08-01")
    assert await customer.available() == 2 * PRO
    for _ in range(2):
        await customer.look("2026-12-03")
    assert await customer.available() == 6 * PRO
    await customer.look("2027-07-20")
    assert await customer.available() == 12 * PRO


async def test_from_month_to_year_of_the_same_plan_the_year_is_whole(customer: Customer) -> None:
    await customer.pay(customer.invoice(month("pro", amount=9_900)))
    begins_s = JULY_S + 15 * DAY_S
    rest = line(None, price="price_pro", amount=-5_000, start_s=begins_s, end_s=AUGUST_S, proration=True)
    whole = line(None, price="price_pro_year", amount=99_000, start_s=begins_s, end_s=begins_s + 365 * DAY_S)
    await customer.pay(
        customer.invoice(rest, whole, name="year", reason="subscription_update", created=begins_s)
    )
    assert await customer.available() == 2 * PRO - round(PRO * 16 / 31)
    await customer.look("2027-08-01")
    assert await customer.available() == 13 * PRO - round(PRO * 16 / 31)


@pytest.mark.parametrize("how", ["refund", "dispute"])
async def test_a_year_whose_money_went_back_grants_no_more_and_leaves_nothing(
    customer: Customer, how: str
) -> None:
    invoice = customer.invoice(year())
    await customer.pay(invoice)
    charge = await customer.charge(invoice, amount=99_000)
    await customer.look("2026-09-01")
    if how == "dispute":
        await customer.dispute(charge, "needs_response")
        assert await customer.available() == 0
        await customer.look("2026-10-01")
        await customer.dispute(charge, "lost")
    else:
        await customer.refund(charge, 99_000)
    assert await customer.available() == 0
    await customer.look("2027-06-01")
    assert await customer.available() == 0


async def test_a_disputed_year_that_is_won_gets_the_months_that_waited(customer: Customer) -> None:
    invoice = customer.invoice(year())
    await customer.pay(invoice)
    charge = await customer.charge(invoice, amount=99_000)
    await customer.dispute(charge, "needs_response")
    await customer.look("2026-09-01")
    await customer.dispute(charge, "won")
    assert await customer.available() == PRO
    await customer.look("2026-09-02")
    assert await customer.available() == 3 * PRO


async def test_a_change_within_a_year_changes_the_months_to_come(customer: Customer) -> None:
    await customer.pay(customer.invoice(year("growth")))
    up = customer.change("growth_year", "agency_year", day=31, until_s=YEAR_S)
    await customer.pay(up)
    await customer.look("2027-06-30")
    assert await customer.available() == 12 * GROWTH + 11 * (AGENCY - GROWTH)


async def test_a_part_of_a_little_cash_is_a_little_of_the_credits(customer: Customer) -> None:
    invoice = customer.invoice(month("pro", amount=19_900), from_balance=18_900)
    await customer.pay(invoice)
    charge = await customer.charge(invoice, amount=1_000)
    await customer.refund(charge, 1_000)
    assert await customer.available() == PRO - PRO * 1_000 // 19_900


@pytest.mark.parametrize("order", [("1", "2"), ("2", "1")])
async def test_two_charges_of_one_invoice_add_up_in_either_order(
    customer: Customer, order: tuple[str, str]
) -> None:
    invoice = customer.invoice(month("pro", amount=20_000))
    await customer.pay(invoice)
    charges = {name: await customer.charge(invoice, amount=10_000, name=name) for name in order}
    await customer.refund(charges["1"], 10_000)
    await customer.refund(charges["2"], 0)
    assert await customer.available() == PRO // 2


async def test_after_the_catalogue_changed_what_was_granted_counts(customer: Customer) -> None:
    invoice = customer.invoice(month("pro", amount=9_900))
    await customer.pay(invoice)
    charge = await customer.charge(invoice, amount=9_900)
    customer.office.stripe.objects[invoice["id"]] = customer.invoice(month("growth", amount=9_900))
    await customer.refund(charge, 4_950)
    assert await customer.available() == PRO // 2


async def test_half_the_money_in_a_currency_without_cents_is_half_the_credits(customer: Customer) -> None:
    sold = samples.session(
        customer=f"cus_{customer.account_id}",
        payment=f"pi_{customer.account_id}",
        amount=2_000,
        pack="pack_500",
    )
    sold |= {"currency": "jpy", "client_reference_id": str(customer.account_id)}
    await customer.office.receive(samples.event("checkout.session.completed", sold))
    charge = samples.charge(
        payment=f"pi_{customer.account_id}",
        charge_id=f"ch_{customer.account_id}",
        customer=None,
        refunded=1_000,
    )
    await customer.office.receive(samples.event("charge.refunded", charge | {"currency": "jpy"}))
    assert await customer.available() == 250


@pytest.mark.parametrize("is_first", [False, True])
async def test_a_credit_note_to_the_balance_takes_its_part_and_voiding_it_gives_it_back(
    customer: Customer,
    is_first: bool,  # noqa: FBT001
) -> None:
    invoice = customer.invoice(month("pro", amount=9_900))
    note = samples.credit_note(invoice["id"], amount=4_950, customer=f"cus_{customer.account_id}")
    note |= {"metadata": {"account_id": str(customer.account_id)}}
    created = samples.event("credit_note.created", note)
    if is_first:
        await customer.office.receive(created)
    await customer.pay(invoice)
    if not is_first:
        await customer.office.receive(created)
    assert await customer.available() == PRO // 2
    voided = samples.event("credit_note.voided", note | {"status": "void"}, created=JULY_S + 5)
    await customer.office.receive(voided)
    assert await customer.available() == PRO
