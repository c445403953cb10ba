"""Credits follow money received: changes of plan, years, quantities, trials, and what was paid in several ways."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from oslira_billing import samples
from oslira_billing.application.renew_monthly import Renewal, RenewMonthly
from oslira_billing.samples import AUGUST_S, JULY_S, line
from oslira_shared.errors import OsliraError
from oslira_shared.jobs import Tally

DAY_S = 86_400
YEAR_S = JULY_S + 365 * DAY_S
GROWTH, PRO, AGENCY = 250, 1_500, 5_000


class NoManualPlans:
    async def due(self, slot: datetime) -> Sequence[Renewal]:
        del slot
        return []

    async def give(self, renewal: Renewal) -> None:
        raise NotImplementedError


@dataclass
class Customer:
    """An account with a subscription at Stripe."""

    office: Any
    account_id: UUID = field(default_factory=uuid4)

    @property
    def subscription(self) -> str:
        return f"sub_{self.account_id}"

    def invoice(self, *lines: dict[str, Any], name: str = "1", **changes: Any) -> dict[str, Any]:
        changes = {"subscription": self.subscription, **changes}
        ids: dict[str, Any] = {"invoice_id": self.invoice_id(name), "customer": f"cus_{self.account_id}"}
        return samples.invoice(*lines, **ids, **changes, account_id=str(self.account_id))

    def invoice_id(self, name: str) -> str:
        return f"in_{name}_{self.account_id}"

    def change(
        self, old: str, new: str, *, day: int, until_s: int = AUGUST_S, name: str = ""
    ) -> dict[str, Any]:
        """As Stripe's portal makes it: the rest of the period of one given back, of the other charged."""
        at_s = JULY_S + day * DAY_S
        prices = {"growth": 2_900, "pro": 9_900, "agency": 29_900}
        share = (until_s - at_s) / (31 * DAY_S)
        lines = [
            line(
                None,
                price=f"price_{plan}",
                amount=round(sign * prices[plan.removesuffix("_year")] * share),
                start_s=at_s,
                end_s=until_s,
                proration=True,
            )
            for plan, sign in ((old, -1), (new, 1))
        ]
        return self.invoice(*lines, name=name or f"change{day}", reason="subscription_update", created=at_s)

    async def pay(self, *invoices: dict[str, Any]) -> list[UUID]:
        return [await self.office.take(samples.event("invoice.paid", invoice)) for invoice in invoices]

    async def charge(
        self, invoice: dict[str, Any], *, amount: int, refunded: int = 0, name: str = "1", **changes: Any
    ) -> dict[str, Any]:
        """The charge that paid an invoice, and Stripe's word for which it is."""
        payment = f"pi_{name}_{self.account_id}"
        await self.office.take(
            samples.event("invoice_payment.paid", samples.invoice_payment(payment, invoice["id"]))
        )
        ids: dict[str, Any] = {"charge_id": f"ch_{name}_{self.account_id}", "payment": payment}
        made = samples.charge(amount=amount, refunded=refunded, customer=f"cus_{self.account_id}", **ids)
        self.office.stripe.objects[made["id"]] = made | changes
        return made

    async def refund(self, charge: dict[str, Any], refunded: int) -> UUID:
        self.office.stripe.objects[charge["id"]] = charge | {"amount_refunded": refunded}
        return await self.office.take(samples.event("refund.updated", samples.refund(charge_id=charge["id"])))

    async def dispute(self, charge: dict[str, Any], state: str) -> UUID:
        described = samples.dispute(charge_id=charge["id"], amount=charge["amount"], status=state)
        return await self.office.take(samples.event("charge.dispute.updated", described))

    async def look(self, at: str) -> Tally:
        """The daily job."""
        tally, slot = Tally(), datetime.fromisoformat(at).replace(tzinfo=UTC)
        await RenewMonthly(NoManualPlans(), self.office.world.inbox.books)(slot, tally)
        return tally

    async def available(self) -> int:
        return await self.office.world.available(self.account_id)

    async def states(self, row_ids: list[UUID]) -> list[str]:
        return [(await self.office.world.event(row_id))[0] for row_id in row_ids]

    async def reason(self, row_id: UUID) -> tuple[str, str]:
        state, _, reason = await self.office.world.event(row_id)
        return state, reason or ""


@pytest.fixture
def customer(office: Any) -> Customer:
    return Customer(office)


def month(plan: str = "growth", **changes: Any) -> dict[str, Any]:
    return line(None, price=f"price_{plan}", end_s=AUGUST_S, **changes)


def year(plan: str = "pro") -> dict[str, Any]:
    return line(None, price=f"price_{plan}_year", amount=99_000, end_s=YEAR_S)


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
    row_id = await customer.office.take(payload)
    state, reason = await customer.reason(row_id)
    assert (state, reason.split(":")[0]) == ("dead", "api_version_differs")
    customer.office.stripe.objects[current["id"]] = current
    assert await customer.office.world.inbox.revive(payload["id"]) == row_id
    await customer.office.sweep()
    assert (await customer.reason(row_id))[0] == "done"
    assert await customer.available() == PRO


async def test_another_platforms_accounts_event_is_not_believed(customer: Customer) -> None:
    payload = samples.event("invoice.paid", customer.invoice(month("pro")), account="acct_1Stranger")
    assert (await customer.reason(await customer.office.take(payload)))[0] == "ignored"
    assert await customer.available() == 0


async def test_another_products_event_waits_quietly_and_is_ignored(office: Any) -> None:
    theirs = samples.invoice(
        line(None, price="price_theirs"), customer="cus_theirs", subscription="sub_theirs"
    )
    refund = samples.charge(customer="cus_theirs", payment="pi_theirs", charge_id="ch_theirs")
    row_ids = [
        await office.take(samples.event(kind, described))
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
    await customer.office.take(samples.event("checkout.session.completed", named))
    sold = samples.session(customer=f"cus_{customer.account_id}", pack="pack_100", user_id="auth0|64f1")
    sold["client_reference_id"] = "team-7"
    await customer.office.take(samples.event("checkout.session.completed", sold))
    assert await customer.available() == 100


async def test_a_deleted_accounts_purchase_is_refused_for_somebody_to_give_the_money_back(
    customer: Customer,
) -> None:
    await customer.pay(customer.invoice(year()))

    await customer.office.world.close(customer.account_id)
    late = samples.session(pack="pack_100", account_id=str(customer.account_id))
    row_id = await customer.office.take(samples.event("checkout.session.completed", late))
    state, reason = await customer.reason(row_id)
    assert (state, reason.split(":")[0]) == ("dead", "account_closed")


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
    await customer.office.take(samples.event("checkout.session.completed", sold))
    charge = samples.charge(
        payment=f"pi_{customer.account_id}",
        charge_id=f"ch_{customer.account_id}",
        customer=None,
        refunded=1_000,
    )
    await customer.office.take(samples.event("charge.refunded", charge | {"currency": "jpy"}))
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
        await customer.office.take(created)
    await customer.pay(invoice)
    if not is_first:
        await customer.office.take(created)
    assert await customer.available() == PRO // 2
    voided = samples.event("credit_note.voided", note | {"status": "void"}, created=JULY_S + 5)
    await customer.office.take(voided)
    assert await customer.available() == PRO


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
    await customer.office.take(samples.event("checkout.session.completed", linked))
    await customer.office.sweep(after=timedelta(0))
    assert await customer.available() == GROWTH
