import pytest
from hypothesis import given
from hypothesis import strategies as st
from oslira_analysis.domain.breaker import Breaker, BreakerLimits, Hold

LIMITS = BreakerLimits(failures=3, window_s=10, open_s=15, limits=2)


@pytest.fixture
def breaker() -> Breaker:
    return Breaker(LIMITS)


def fail(breaker: Breaker, *moments_s: float) -> None:
    for at_s in moments_s:
        assert breaker.allows(at_s)
        breaker.failed(at_s, "503")


def test_failures_close_together_open_it(breaker: Breaker) -> None:
    fail(breaker, 0, 1)
    assert breaker.state(1) == "closed"
    fail(breaker, 2)
    assert breaker.state(2) == "open"
    assert breaker.held(3) == Hold("503", is_outage=True, left_s=14)
    assert not breaker.allows(16.9)


def test_a_success_or_enough_time_resets_the_failure_count(breaker: Breaker) -> None:
    fail(breaker, 0, 1)
    breaker.succeeded(1)
    fail(breaker, 2, 3)
    assert breaker.state(3) == "closed"
    fail(breaker, 13, 14)
    assert breaker.state(14) == "closed"


def test_without_a_probe_it_is_half_open_and_the_first_answer_decides(breaker: Breaker) -> None:
    fail(breaker, 0, 1, 2)
    assert breaker.state(17) == "half_open"
    fail(breaker, 17)
    assert breaker.state(17) == "open"
    assert breaker.allows(32)
    breaker.succeeded(32)
    assert breaker.state(32) == "closed"
    fail(breaker, 33, 34)
    assert breaker.state(34) == "closed"


def test_an_answered_probe_lets_requests_pass_at_once(breaker: Breaker) -> None:
    fail(breaker, 0, 1, 2)
    breaker.recovered(3)
    assert breaker.state(3) == "half_open"
    breaker.succeeded(4)
    assert breaker.state(4) == "closed"
    breaker.recovered(5)
    assert breaker.state(5) == "closed"


def test_what_was_asked_before_an_outage_changes_nothing(breaker: Breaker) -> None:
    fail(breaker, 0, 1, 2)
    breaker.succeeded(3)
    breaker.failed(4, "503")
    breaker.limited(4, "429", for_s=60)
    assert breaker.held(4) == Hold("503", is_outage=True, left_s=13)


def test_limits_hold_requests_back_without_opening_it(breaker: Breaker) -> None:
    breaker.limited(0, "429", for_s=60)
    assert breaker.allows(0)
    breaker.limited(1, "429", for_s=60)
    assert breaker.state(2) == "closed"
    assert breaker.held(2) == Hold("429", is_outage=False, left_s=59)
    breaker.recovered(3)  # no probe can tell
    assert not breaker.allows(60.9)
    assert breaker.allows(61)


def test_a_limit_that_hits_one_request_of_many_holds_nothing_back(breaker: Breaker) -> None:
    for at_s in range(0, 20, 2):
        breaker.limited(at_s, "429", for_s=60)
        breaker.succeeded(at_s + 1)
    assert breaker.allows(20)


def test_a_process_follows_an_outage_that_others_report(breaker: Breaker) -> None:
    breaker.hold(0, Hold("502", is_outage=True, left_s=8))
    assert breaker.state(7.9) == "open"
    assert breaker.state(8) == "half_open"


@given(
    st.lists(
        st.tuples(st.sampled_from(["succeeded", "failed", "limited", "recovered"]), st.floats(0, 30)),
    )
)
def test_it_always_lets_a_request_through_in_the_end(steps: list[tuple[str, float]]) -> None:
    breaker, now_s = Breaker(LIMITS), 0.0
    for step, wait_s in steps:
        now_s += wait_s
        if step == "failed":
            breaker.failed(now_s, "503")
        elif step == "limited":
            breaker.limited(now_s, "429", for_s=20)
        else:
            getattr(breaker, step)(now_s)
    assert breaker.allows(now_s + 20)
