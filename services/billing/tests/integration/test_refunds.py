"""Refunds against the real ledger: of credits that are held, or spent."""

from typing import Any
from uuid import UUID, uuid4

import pytest
import stripe_samples as samples


class Shopper:
    """An account with one pack, and a run that holds some of it."""

    def __init__(self, service: Any) -> None:
        self.service, self.account_id, self.hold_id = service, uuid4(), uuid4()
        self.payment = f"pi_{self.account_id}"

    async def deliver(self, kind: str, described: dict[str, Any]) -> None:
        payload = samples.event(kind, described)
        await self.service.post(payload)
        await self.service.ends(payload)

    async def buy(self, *, payment: str) -> None:
        names = {"customer": f"cus_{self.account_id}", "account_id": str(self.account_id)}
        sold = samples.session(payment=payment, amount=900, pack="pack_100", **names)
        await self.deliver("checkout.session.completed", sold)

    async def refund(self, amount: int) -> None:
        ids = {
            "payment": self.payment,
            "charge_id": f"ch_{self.account_id}",
            "customer": f"cus_{self.account_id}",
        }
        await self.deliver("charge.refunded", samples.charge(amount=900, refunded=amount, **ids))

    async def hold(self, amount: int) -> None:
        call = "select outcome from credits.hold($1, $2, $3, interval '1 hour')"
        assert await self.service.ledger.fetchval(call, self.hold_id, self.account_id, amount) == "held"

    async def settle(self, captured: int) -> None:
        await self.service.ledger.execute("select credits.settle($1, $2)", self.hold_id, captured)

    async def available(self) -> int:
        return await _sum(self.service, self.account_id, "available")

    async def debt(self) -> int:
        return await _sum(self.service, self.account_id, "debt")


async def _sum(service: Any, account_id: UUID, kind: str) -> int:
    query = "select coalesce(sum(amount), 0)::int from credits.balances where account_id = $1 and kind = $2"
    return await service.ledger.fetchval(query, account_id, kind)


@pytest.fixture
def shopper(service: Any) -> Shopper:
    return Shopper(service)


async def test_a_refund_waits_for_what_is_held_and_what_was_spent_is_owed(shopper: Shopper) -> None:
    await shopper.buy(payment=shopper.payment)
    await shopper.hold(60)
    await shopper.refund(900)
    assert await shopper.available() == 0
    await shopper.settle(20)
    assert (await shopper.available(), await shopper.debt()) == (0, 20)
    await shopper.buy(payment="pi_next")
    assert (await shopper.available(), await shopper.debt()) == (80, 0)


async def test_a_refund_of_a_part_of_a_pack_that_is_spent_takes_what_is_left_first(shopper: Shopper) -> None:
    await shopper.buy(payment=shopper.payment)
    await shopper.hold(80)
    await shopper.settle(80)
    await shopper.refund(450)
    assert (await shopper.available(), await shopper.debt()) == (0, 30)


async def test_a_dispute_that_is_won_gives_back_what_came_back_meanwhile(
    shopper: Shopper, simulators: Any
) -> None:
    ids: dict[str, Any] = {"payment": shopper.payment, "charge_id": f"ch_{shopper.account_id}"}
    await simulators.add_stripe_object(
        samples.charge(amount=900, customer=f"cus_{shopper.account_id}", **ids)
    )
    await shopper.buy(payment=shopper.payment)
    await shopper.hold(60)
    dispute = samples.dispute(amount=900, **ids)
    await shopper.deliver("charge.dispute.created", dispute)
    await shopper.settle(10)
    assert await shopper.available() == 0
    await shopper.deliver("charge.dispute.closed", {**dispute, "status": "won"})
    assert await shopper.available() == 90
