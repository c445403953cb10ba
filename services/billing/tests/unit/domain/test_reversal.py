from typing import Any

import pytest
import stripe_samples as samples
from oslira_billing.domain.errors import EventRefusedError
from oslira_billing.domain.purchase import Stake
from oslira_billing.domain.reversal import (
    Charge,
    CreditNote,
    Dispute,
    MoneyBack,
    read_charge,
    read_credit_note,
    read_dispute,
)


def back(*, refunded: int = 0, amount: int = 2_000, currency: str = "usd", **disputes: int) -> MoneyBack:
    """`disputes`: state → its amount."""
    charge = Charge("ch_1", amount, refunded, currency, None)
    return MoneyBack([(charge, [Dispute(f"du_{state}", minor, state) for state, minor in disputes.items()])])


@pytest.mark.parametrize(
    ("money", "minor", "is_disputed"),
    [
        (MoneyBack(), 0, False),
        (back(refunded=500), 500, False),
        (back(needs_response=2_000), 0, True),
        (back(lost=500), 500, False),
        (back(refunded=1_900, lost=2_000), 2_000, False),
        (back(refunded=1_000, under_review=1_000), 1_000, True),
        (back(won=2_000, warning_needs_response=2_000), 0, False),
        (back(a_word_of_the_future=1), 0, True),
        (MoneyBack(notes_minor=700), 700, False),
    ],
)
def test_refunds_lost_disputes_and_credit_notes_are_money_back(
    money: MoneyBack,
    minor: int,
    is_disputed: bool,  # noqa: FBT001
) -> None:
    stake = Stake(cash_minor=2_000, currency="usd")
    assert (money.minor_of(stake), money.is_disputed) == (minor, is_disputed)


def test_two_charges_of_one_purchase_add_up() -> None:
    one, other = Charge("ch_1", 10_000, 10_000, "usd", None), Charge("ch_2", 10_000, 0, "usd", None)
    assert MoneyBack([(one, []), (other, [])]).minor_of(Stake(cash_minor=20_000, currency="usd")) == 10_000


def test_a_charge_in_another_currency_counts_by_its_share_of_the_cash() -> None:
    stake = Stake(cash_minor=1_500, balance_minor=500, currency="usd")
    assert back(refunded=1_000, currency="jpy").minor_of(stake) == 750


def test_what_a_credit_note_waived_before_payment_is_back_from_the_start() -> None:
    assert MoneyBack().minor_of(Stake(cash_minor=500, credit_note_minor=1_500)) == 1_500


def test_a_charge_a_dispute_and_a_credit_note_are_read() -> None:
    assert read_charge(samples.charge(refunded=5)) == Charge("ch_1", 2_000, 5, "usd", "pi_1")
    assert read_dispute(samples.dispute(status="lost")) == Dispute("du_ch_1", 2_000, "lost")
    note = samples.credit_note("in_1", amount=900, refunded=200)
    assert read_credit_note(note) == CreditNote(note["id"], "in_1", 700)
    assert read_credit_note({**note, "status": "void"}).amount_minor == 0


@pytest.mark.parametrize("changes", [{"id": None}, {"amount": 0}, {"amount": None}])
def test_a_charge_that_makes_no_sense_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(EventRefusedError, match="charge_malformed"):
        read_charge(samples.charge() | changes)


@pytest.mark.parametrize("changes", [{"id": None}, {"amount": None}, {"status": None}])
def test_a_dispute_that_makes_no_sense_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(EventRefusedError, match="dispute_malformed"):
        read_dispute(samples.dispute() | changes)


def test_a_credit_note_of_no_invoice_is_refused() -> None:
    with pytest.raises(EventRefusedError, match="credit_note_malformed"):
        read_credit_note(samples.credit_note("in_1", amount=1) | {"invoice": None})
