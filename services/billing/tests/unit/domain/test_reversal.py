from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oslira_billing import samples
from oslira_billing.domain.errors import EventRefusedError
from oslira_billing.domain.reversal import (
    Charge,
    Dispute,
    Goal,
    Purchase,
    Standing,
    at_least,
    read_charge,
    read_dispute,
)


def standing(
    *, refunded: int = 0, credits_: int = 1_500, price: int = 2_000, spared: int = 0, **disputes: int
) -> Standing:
    """`disputes`: state → its amount."""
    return Standing(
        charge_id="ch_1",
        credits=credits_,
        price_minor=price,
        spared_minor=spared,
        refunded_minor=refunded,
        disputes=tuple(Dispute(f"du_{state}", amount, state) for state, amount in disputes.items()),
        revoked_credits=0,
        live_key="session:cs_1",
        frozen_under=None,
        revision=0,
    )


@pytest.mark.parametrize(
    ("stands", "revoked", "is_frozen"),
    [
        (standing(), 0, False),
        (standing(refunded=1), 0, False),
        (standing(refunded=999), 749, False),
        (standing(refunded=2_000), 1_500, False),
        (standing(needs_response=2_000), 0, True),
        (standing(lost=500), 375, False),
        (standing(refunded=1_900, lost=2_000), 1_500, False),
        (standing(refunded=1_000, under_review=1_000), 750, True),
        (standing(won=2_000, warning_needs_response=2_000), 0, False),
        (standing(refunded=1_800, spared=1_833), 0, False),
        (standing(refunded=2_000, spared=1_833), 1_500, False),
    ],
)
def test_credits_follow_the_money(stands: Standing, revoked: int, is_frozen: bool) -> None:  # noqa: FBT001
    assert stands.goal() == Goal(revoked, is_frozen)


amounts = st.integers(0, 10**9)


@given(refunded=amounts, more=amounts, credits_=st.integers(1, 10**6), price=st.integers(1, 10**9))
def test_more_money_back_is_never_fewer_credits_back_and_all_of_it_is_all(
    refunded: int, more: int, credits_: int, price: int
) -> None:
    some = standing(refunded=refunded, credits_=credits_, price=price).goal().revoked_credits
    most = standing(refunded=refunded + more, credits_=credits_, price=price).goal().revoked_credits
    assert 0 <= some <= most <= credits_
    assert standing(refunded=price, credits_=credits_, price=price).goal().revoked_credits == credits_


def test_a_charge_and_a_dispute_are_read() -> None:
    assert read_charge(samples.charge(refunded=5)) == Charge("ch_1", 2_000, 5, "usd", "pi_1")
    assert read_dispute(samples.dispute(status="lost")) == Dispute("du_ch_1", 2_000, "lost")


@pytest.mark.parametrize("changes", [{"id": None}, {"amount": 0}, {"amount": None}])
def test_a_charge_that_makes_no_sense_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(EventRefusedError, match="charge_malformed"):
        read_charge(samples.charge() | changes)


@pytest.mark.parametrize("changes", [{"id": None}, {"amount": None}, {"status": None}])
def test_a_dispute_that_makes_no_sense_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(EventRefusedError, match="dispute_malformed"):
        read_dispute(samples.dispute() | changes)


def test_a_purchase_costs_no_less_than_its_charge_and_the_months_to_come_go_back_first() -> None:
    year = at_least(Purchase(None, 1_200, {}, months=12), Charge("ch_1", 2_400, 0, "usd", None))
    assert (year.price_minor, year.spared_minor) == (2_400, 2_200)
