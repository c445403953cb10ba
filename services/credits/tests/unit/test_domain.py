"""The rules, without anything around them."""

from uuid import UUID, uuid4

import pytest
from oslira_credits.domain.amounts import MOST_CREDITS, positive
from oslira_credits.domain.balance import Balance
from oslira_credits.domain.errors import HoldClosed, InsufficientCredits
from oslira_credits.domain.hold import Hold
from oslira_credits.domain.settlement import Extend, Outcome, OutcomeState, Settle, decide
from oslira_shared.errors import Kind, OsliraError


@pytest.mark.parametrize("amount", [1, MOST_CREDITS])
def test_a_positive_amount_within_reason_passes(amount: int) -> None:
    assert positive(amount) == amount


@pytest.mark.parametrize("amount", [0, -1, MOST_CREDITS + 1])
def test_any_other_amount_is_refused(amount: int) -> None:
    with pytest.raises(OsliraError) as refused:
        positive(amount)
    assert refused.value.code == "invalid_request"


@pytest.mark.parametrize(("available", "held"), [(-1, 0), (0, -1)])
def test_no_balance_is_below_zero(available: int, held: int) -> None:
    with pytest.raises(ValueError, match="negative"):
        Balance(available, held)


def test_a_balance_may_be_zero() -> None:
    empty = Balance(0, 0)
    assert (empty.available, empty.held) == (0, 0)


def test_too_little_says_what_was_needed_and_what_was_there() -> None:
    refused = InsufficientCredits(needed=3, available=2)
    assert refused.kind is Kind.PAYMENT
    assert refused.extra == {"need": 3, "balance": 2}


def test_a_closed_hold_is_a_conflict() -> None:
    assert HoldClosed(uuid4()).kind is Kind.CONFLICT


HOLD = Hold(UUID(int=7), UUID(int=1), 3)


def _outcome(state: OutcomeState, capture: int = 0) -> Outcome:
    return Outcome(HOLD.hold_id, state, capture)


def test_a_completed_run_is_paid_for() -> None:
    assert decide(_outcome(OutcomeState.COMPLETED, 2), HOLD) == Settle(capture=2)


@pytest.mark.parametrize("state", [OutcomeState.FAILED, OutcomeState.CANCELLED, OutcomeState.UNKNOWN])
def test_any_other_end_gives_everything_back_whatever_else_it_says(state: OutcomeState) -> None:
    assert decide(_outcome(state, 3), HOLD) == Settle(capture=0)


def test_a_run_at_work_keeps_its_hold() -> None:
    assert decide(_outcome(OutcomeState.UNFINISHED), HOLD) == Extend()


def test_never_more_than_was_held_is_captured_and_the_difference_is_reported() -> None:
    assert decide(_outcome(OutcomeState.COMPLETED, 5), HOLD) == Settle(capture=3, unpaid=2)


def test_a_run_without_a_hold_captures_nothing() -> None:
    assert decide(_outcome(OutcomeState.COMPLETED, 1), None) == Settle(capture=0, unpaid=1)
