"""What paid checkouts grant."""

from typing import Any

import pytest
import stripe_samples as samples
from oslira_billing.domain.catalogue import Catalogue, Priced
from oslira_billing.domain.purchase import (
    Stake,
    payment_of_session,
    purchase_of_session,
)

SOLD = Catalogue(plans={}, packs={"pack_100": 100}, prices={"price_pack": Priced(pack="pack_100")}, trials={})


@pytest.mark.parametrize(
    "metadata", [{"pack": "pack_100"}, {"credit_pack": "100"}, {"credit_pack": "pack_100"}]
)
def test_a_paid_pack_is_granted_under_its_sessions_key(metadata: dict[str, Any]) -> None:
    done = samples.session(**metadata)
    found = purchase_of_session(done, SOLD)
    assert found is not None
    assert [(grant.key, grant.amount_credits) for grant in found.grants] == [(f"session:{done['id']}", 100)]
    assert (found.group, found.stake) == (done["id"], Stake(cash_minor=1_000, currency="usd"))


def test_what_a_checkout_sold_is_counted_by_its_items() -> None:
    def item(price: str, quantity: int | None) -> dict[str, Any]:
        return {"object": "item", "price": {"object": "price", "id": price}, "quantity": quantity}

    done = samples.session(pack="pack_100")
    for items, credits_ in (
        ([item("price_pack", 3)], 300),
        ([item("price_pack", None), item("price_pack", 2), item("price_of_a_mug", 9)], 300),
        ([item("price_of_a_mug", 9)], 100),
    ):
        found = purchase_of_session(done, SOLD, items)
        assert found is not None
        assert found.total_credits == credits_


@pytest.mark.parametrize(
    "done",
    [
        samples.session(pack="pack_100", payment_status="unpaid"),
        samples.session(mode="subscription", plan="pro"),
        samples.session(),
    ],
)
def test_other_checkouts_grant_nothing(done: dict[str, object]) -> None:
    assert purchase_of_session(done, SOLD) is None


def test_a_packs_payment_is_its_sessions_and_a_plans_is_not() -> None:
    assert payment_of_session(samples.session(payment="pi_1")) == "pi_1"
    assert payment_of_session(samples.session(payment="pi_1", mode="subscription")) is None
