"""Refunds and disputes: credits are revoked with the money, in any order of events."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import stripe_samples as samples
from stripe_samples import JULY_S, line

PRO = 1_500


@dataclass
class Buyer:
    """An account, its customer, and one payment of its."""

    office: Any
    account_id: UUID

    @property
    def names(self) -> dict[str, Any]:
        return {"customer": f"cus_{self.account_id}", "account_id": str(self.account_id)}

    @property
    def payment(self) -> str:
        return f"pi_{self.account_id}"

    @property
    def charge_id(self) -> str:
        return f"ch_{self.account_id}"

    @property
    def invoice_id(self) -> str:
        return f"in_{self.account_id}"

    def invoice_paid(self) -> dict[str, Any]:
        ids: dict[str, Any] = {"subscription": f"sub_{self.account_id}", "invoice_id": self.invoice_id}
        return samples.event("invoice.paid", samples.invoice(line("pro"), **ids, **self.names))

    def payment_linked(self) -> dict[str, Any]:
        return samples.event("invoice_payment.paid", samples.invoice_payment(self.payment, self.invoice_id))

    def pack_paid(self, *, amount: int = 2_000) -> dict[str, Any]:
        named = {"payment": self.payment, "pack": "pack_500", **self.names}
        return samples.event("checkout.session.completed", samples.session(amount=amount, **named))

    def charge(self, refunded: int) -> dict[str, Any]:
        return samples.charge(
            refunded=refunded,
            payment=self.payment,
            charge_id=self.charge_id,
            customer=f"cus_{self.account_id}",
        )

    def refunded(self, refunded: int, *, at_s: int = JULY_S) -> dict[str, Any]:
        return samples.event("charge.refunded", self.charge(refunded), created=at_s)

    def disputed(self, status: str, *, what: str = "updated", amount: int = 2_000) -> dict[str, Any]:
        described = samples.dispute(
            charge_id=self.charge_id, payment=self.payment, status=status, amount=amount
        )
        return samples.event(f"charge.dispute.{what}", described)

    async def receive(self, *payloads: Mapping[str, Any]) -> list[UUID]:
        return [await self.office.receive(payload) for payload in payloads]

    async def available(self) -> int:
        return await self.office.world.available(self.account_id)

    async def states(self, row_ids: list[UUID]) -> set[str]:
        return {(await self.office.world.event(row_id))[0] for row_id in row_ids}


@pytest.fixture
def buyer(office: Any) -> Buyer:
    return Buyer(office, uuid4())


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_a_refunded_invoice_leaves_nothing_in_any_order_of_events(
    buyer: Buyer, order: tuple[int, ...]
) -> None:
    events = [buyer.invoice_paid(), buyer.payment_linked(), buyer.refunded(2_000)]
    row_ids = await buyer.receive(*(events[number] for number in order))
    for _ in range(3):
        await buyer.office.sweep()
    assert await buyer.states(row_ids) == {"done"}
    assert await buyer.available() == 0
    assert set(await buyer.office.world.grants(buyer.account_id)) == {f"sub:sub_{buyer.account_id}:{JULY_S}"}


async def test_a_refund_before_its_grant_is_netted_when_stripe_knows_the_invoice(buyer: Buyer) -> None:
    paid = buyer.invoice_paid()
    buyer.office.stripe.objects[buyer.invoice_id] = paid["data"]["object"]
    buyer.office.stripe.invoice_payments[buyer.payment] = buyer.invoice_id
    assert await buyer.states(await buyer.receive(buyer.refunded(1_000))) == {"done"}
    assert await buyer.available() == 0
    await buyer.receive(paid)
    assert await buyer.available() == PRO // 2


async def test_a_refund_of_a_part_takes_that_part_and_the_rest_later(buyer: Buyer) -> None:
    await buyer.receive(buyer.pack_paid(), buyer.refunded(500))
    assert await buyer.available() == 375
    await buyer.receive(buyer.refunded(500, at_s=JULY_S + 1), buyer.refunded(1_500, at_s=JULY_S + 2))
    assert await buyer.available() == 125
    await buyer.receive(buyer.refunded(1_000, at_s=JULY_S + 1))  # an older one, late
    assert await buyer.available() == 125


async def test_a_pack_whose_checkout_made_an_invoice_is_found_by_its_session(buyer: Buyer) -> None:
    bare = samples.invoice(line(None), subscription=None, invoice_id=buyer.invoice_id, **buyer.names)
    buyer.office.stripe.objects[buyer.invoice_id] = {**bare, "metadata": {}}
    buyer.office.stripe.invoice_payments[buyer.payment] = buyer.invoice_id
    sold = buyer.pack_paid()
    buyer.office.stripe.sessions[buyer.payment] = sold["data"]["object"]
    await buyer.receive(buyer.refunded(2_000), sold)
    assert await buyer.available() == 0


async def test_a_payment_of_another_amount_is_another_purchase(buyer: Buyer) -> None:
    (sold, refunded) = await buyer.receive(buyer.pack_paid(amount=700), buyer.refunded(2_000))
    assert await buyer.states([sold]) == {"done"}
    state, failures, reason = await buyer.office.world.event(refunded)
    assert (state, failures) == ("received", 0)
    assert reason.startswith("payment_unknown")
    assert await buyer.available() == 500


async def test_a_refund_event_makes_us_look_at_its_charge(buyer: Buyer) -> None:
    await buyer.receive(buyer.pack_paid())
    described = samples.refund(charge_id=buyer.charge_id)
    (waiting,) = await buyer.receive(samples.event("refund.created", described))
    assert await buyer.states([waiting]) == {"received"}
    buyer.office.stripe.objects[buyer.charge_id] = buyer.charge(2_000)
    await buyer.office.sweep()
    assert await buyer.states([waiting]) == {"done"}
    assert await buyer.available() == 0


async def test_a_refund_that_failed_gives_back_and_can_be_made_again(buyer: Buyer) -> None:
    await buyer.receive(buyer.pack_paid())
    for refunded, left in ((1_000, 250), (0, 500), (2_000, 0), (500, 375), (2_000, 0)):
        buyer.office.stripe.objects[buyer.charge_id] = buyer.charge(refunded)
        await buyer.receive(samples.event("refund.updated", samples.refund(charge_id=buyer.charge_id)))
        assert await buyer.available() == left


@pytest.mark.parametrize(
    ("states", "left"),
    [
        (["needs_response"], 0),
        (["needs_response", "under_review", "won"], 500),
        (["needs_response", "lost"], 0),
        (["lost", "needs_response"], 0),
        (["won", "needs_response"], 500),
        (["warning_needs_response", "warning_closed"], 500),
        (["a_word_of_the_future"], 0),
    ],
)
async def test_a_dispute_freezes_and_its_end_settles(buyer: Buyer, states: list[str], left: int) -> None:
    buyer.office.stripe.objects[buyer.charge_id] = buyer.charge(0)
    await buyer.receive(buyer.pack_paid())
    for state in states:
        await buyer.receive(buyer.disputed(state))
    assert await buyer.available() == left


async def test_a_lost_dispute_of_a_part_unfreezes_the_rest(buyer: Buyer) -> None:
    buyer.office.stripe.objects[buyer.charge_id] = buyer.charge(0)
    await buyer.receive(
        buyer.disputed("needs_response", what="created", amount=1_000),
        buyer.pack_paid(),
        buyer.disputed("needs_response", what="updated", amount=1_000),
    )
    await buyer.office.sweep()
    assert await buyer.available() == 0
    await buyer.receive(buyer.disputed("lost", what="closed", amount=1_000))
    assert await buyer.available() == 250


async def test_a_dispute_waits_for_its_charge(buyer: Buyer) -> None:
    (dispute, *_) = await buyer.receive(buyer.disputed("lost"), buyer.pack_paid(), buyer.refunded(500))
    await buyer.office.sweep()
    assert await buyer.states([dispute]) == {"done"}
    assert await buyer.available() == 0


async def test_a_charge_that_is_another_accounts_takes_nothing(buyer: Buyer) -> None:
    await buyer.receive(buyer.pack_paid())
    other = buyer.refunded(2_000)
    other["data"]["object"]["metadata"] = {"account_id": str(uuid4())}
    (row_id,) = await buyer.receive(other)
    state, _, reason = await buyer.office.world.event(row_id)
    assert state == "dead"
    assert reason.startswith("account_mismatch")
    assert await buyer.available() == 500


async def test_an_open_invoice_is_a_problem_until_it_is_paid(buyer: Buyer) -> None:
    paid = buyer.invoice_paid()
    open_invoice = {**paid["data"]["object"], "status": "open", "hosted_invoice_url": "https://pay.example/1"}
    problems = buyer.office.world.problems
    await buyer.receive(
        samples.event("invoice.payment_action_required", open_invoice),
        samples.event("invoice.payment_failed", open_invoice),
    )
    assert await problems(buyer.account_id) == {"payment_action_required"}
    await buyer.receive(paid)
    assert await problems(buyer.account_id) == set()
    await buyer.receive(samples.event("invoice.payment_failed", open_invoice))
    assert await problems(buyer.account_id) == set()
    assert await buyer.available() == PRO


async def test_a_voided_invoice_is_no_problem_any_more(buyer: Buyer) -> None:
    described = {**buyer.invoice_paid()["data"]["object"], "status": "open"}
    await buyer.receive(samples.event("invoice.payment_failed", described))
    await buyer.receive(samples.event("invoice.voided", {**described, "status": "void"}))
    assert await buyer.office.world.problems(buyer.account_id) == set()


async def test_a_slow_payment_that_fails_grants_nothing(buyer: Buyer) -> None:
    unpaid = {**buyer.pack_paid()["data"]["object"], "payment_status": "unpaid"}
    row_ids = await buyer.receive(
        samples.event("checkout.session.completed", unpaid),
        samples.event("checkout.session.async_payment_failed", unpaid),
    )
    assert await buyer.states(row_ids) == {"done"}
    assert await buyer.available() == 0


async def test_a_replayed_dead_event_starts_again(buyer: Buyer) -> None:
    async def explode(*_: str) -> None:
        raise RuntimeError("boom")

    buyer.office.stripe.retrieve = explode
    await buyer.receive(buyer.pack_paid())
    (row_id,) = await buyer.receive(buyer.refunded(2_000))
    for _ in range(6):
        await buyer.office.sweep(after=timedelta(minutes=2))
    assert await buyer.states([row_id]) == {"dead"}
    del buyer.office.stripe.retrieve
    assert await buyer.office.world.inbox.requeue(str(row_id)) == row_id
    await buyer.office.sweep()
    assert await buyer.states([row_id]) == {"done"}
    assert await buyer.available() == 0


async def test_a_year_refunded_in_part_costs_months_to_come_and_not_the_first(buyer: Buyer) -> None:
    paid = buyer.invoice_paid()
    (item,) = paid["data"]["object"]["lines"]["data"]
    item["period"]["end"] = item["period"]["start"] + 365 * 86_400
    await buyer.receive(paid, buyer.payment_linked(), buyer.refunded(1_800))
    assert await buyer.available() == PRO
    await buyer.receive(buyer.refunded(2_000, at_s=JULY_S + 1))
    assert await buyer.available() == 0
