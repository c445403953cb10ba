"""The rules, without anything around them."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oslira_credits.domain.amounts import MOST_CREDITS, positive
from oslira_credits.domain.balance import Balance
from oslira_credits.domain.difference import Difference, still_there
from oslira_credits.domain.errors import HoldClosed, InsufficientCredits
from oslira_credits.domain.grants import Grant, Part, Share, draw, share_out, soonest_first
from oslira_credits.domain.hold import Hold
from oslira_credits.domain.settlement import Extend, Outcome, Settle, decide
from oslira_shared.contracts.analysis.v1 import OutcomeState
from oslira_shared.errors import Kind, OsliraError

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def _grant(
    number: int, available: int = 1, *, expires_in_days: int | None = None, priority: int = 100
) -> Grant:
    expires_at = NOW + timedelta(days=expires_in_days) if expires_in_days is not None else None
    created_at = NOW - timedelta(days=100 - number)
    return Grant(UUID(int=number), "pack", available, available, priority, created_at, expires_at)


@pytest.mark.parametrize("amount", [1, MOST_CREDITS])
def test_a_positive_amount_within_reason_passes(amount: int) -> None:
    assert positive(amount) == amount


@pytest.mark.parametrize("amount", [0, -1, MOST_CREDITS + 1])
def test_any_other_amount_is_refused(amount: int) -> None:
    with pytest.raises(OsliraError) as refused:
        positive(amount)
    assert refused.value.code == "invalid_request"


def test_a_hold_moves_credits_aside() -> None:
    assert Balance(5, 1).hold(3) == Balance(2, 4)


def test_a_hold_above_what_is_available_says_what_was_needed_and_what_was_there() -> None:
    with pytest.raises(InsufficientCredits) as refused:
        Balance(2, 9).hold(3)
    assert refused.value.kind is Kind.PAYMENT
    assert refused.value.extra == {"need": 3, "balance": 2}


def test_a_settlement_spends_some_and_gives_back_the_rest() -> None:
    assert Balance(2, 4).settle(captured=1, released=3) == Balance(5, 0)


@pytest.mark.parametrize(("available", "held"), [(-1, 0), (0, -1)])
def test_no_balance_is_below_zero(available: int, held: int) -> None:
    with pytest.raises(ValueError, match="negative"):
        Balance(available, held)


def test_a_closed_hold_is_a_conflict() -> None:
    assert HoldClosed(uuid4()).kind is Kind.CONFLICT


def test_what_expires_soonest_goes_first_then_priority_then_age() -> None:
    forever, old, soon = _grant(1), _grant(2, expires_in_days=9), _grant(3, expires_in_days=2)
    first_of_two = _grant(4, expires_in_days=9, priority=1)
    newer_forever, preferred_forever = _grant(5), _grant(6, priority=1)
    order = soonest_first([newer_forever, preferred_forever, forever, old, first_of_two, soon], NOW)
    assert order == [soon, first_of_two, old, preferred_forever, forever, newer_forever]


def test_what_has_expired_is_not_drawn() -> None:
    assert draw([_grant(1, 5, expires_in_days=0), _grant(2, 5)], 3, NOW) == [Part(UUID(int=2), 3)]


def test_a_hold_may_draw_on_several_grants_and_skips_empty_ones() -> None:
    grants = [_grant(1, 2, expires_in_days=1), _grant(2, 0, expires_in_days=2), _grant(3, 9)]
    assert draw(grants, 5, NOW) == [Part(UUID(int=1), 2), Part(UUID(int=3), 3)]


def test_what_was_drawn_first_is_captured_first() -> None:
    parts = [Part(UUID(int=1), 2), Part(UUID(int=2), 3)]
    assert share_out(parts, 3) == [Share(UUID(int=1), 2, 0), Share(UUID(int=2), 1, 2)]


@given(st.lists(st.integers(1, 50), min_size=1, max_size=6), st.data())
def test_nothing_is_lost_between_hold_and_settlement(availables: list[int], data: st.DataObject) -> None:
    amount = data.draw(st.integers(1, sum(availables)))
    capture = data.draw(st.integers(0, amount))
    parts = draw([_grant(number, n) for number, n in enumerate(availables, start=1)], amount, NOW)
    shares = share_out(parts, capture)
    assert sum(part.amount for part in parts) == amount
    assert sum(share.captured for share in shares) == capture
    assert sum(share.released for share in shares) == amount - capture


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


def test_never_more_than_was_held_is_captured_and_the_difference_is_told() -> None:
    assert decide(_outcome(OutcomeState.COMPLETED, 5), HOLD) == Settle(capture=3, unpaid=2)


def test_a_run_without_a_hold_captures_nothing() -> None:
    assert decide(_outcome(OutcomeState.COMPLETED, 1), None) == Settle(capture=0, unpaid=1)


def test_only_what_every_look_finds_stays_a_difference() -> None:
    passing, staying = Difference("run_without_hold", "1", "x"), Difference("grant_of_no_source", "2", "5")
    later = Difference("grant_of_no_source", "2", "6")
    assert still_there([passing, staying], [later, Difference("run_without_hold", "3", "x")]) == [later]
