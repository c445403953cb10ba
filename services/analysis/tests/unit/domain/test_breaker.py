import pytest
from hypothesis import given
from hypothesis import strategies as st
from oslira_analysis.domain.breaker import Breaker, BreakerLimits

LIMITS = BreakerLimits(failures=3, window_s=10, open_s=15, most_open_s=40, probe_s=60)


@pytest.fixture
def breaker() -> Breaker:
    return Breaker(LIMITS)


def fail(breaker: Breaker, *moments_s: float) -> None:
    for at_s in moments_s:
        assert breaker.allows(at_s)
        breaker.failed(at_s)


def test_failures_close_together_open_it(breaker: Breaker) -> None:
    fail(breaker, 0, 1)
    assert breaker.state(1) == "closed"
    fail(breaker, 2)
    assert breaker.state(2) == "open"
    assert not breaker.allows(16.9)


def test_a_success_between_or_time_forgives_failures(breaker: Breaker) -> None:
    fail(breaker, 0, 1)
    breaker.succeeded(1)
    fail(breaker, 2, 3)
    assert breaker.state(3) == "closed"
    fail(breaker, 13, 14)
    assert breaker.state(14) == "closed"


def test_one_probe_at_a_time_and_its_success_closes(breaker: Breaker) -> None:
    fail(breaker, 0, 1, 2)
    assert breaker.state(17) == "half_open"
    assert breaker.allows(17)
    assert not breaker.allows(18)
    breaker.succeeded(19)
    assert breaker.state(19) == "closed"
    fail(breaker, 20, 21)
    assert breaker.state(21) == "closed"


def test_a_failed_probe_doubles_the_wait_up_to_its_limit(breaker: Breaker) -> None:
    fail(breaker, 0, 1, 2)
    now_s = 17.0
    for wait_s in (30, 40, 40):
        fail(breaker, now_s)
        assert not breaker.allows(now_s + wait_s - 0.1)
        now_s += wait_s
    assert breaker.allows(now_s)
    breaker.succeeded(now_s)
    fail(breaker, now_s, now_s, now_s)
    assert breaker.allows(now_s + 15)


def test_a_probe_that_says_nothing_is_followed_by_another(breaker: Breaker) -> None:
    fail(breaker, 0, 1, 2)
    assert breaker.allows(17)
    breaker.abandoned(18)
    assert breaker.allows(18)
    assert not breaker.allows(77.9)
    assert breaker.allows(78)


def test_what_was_asked_before_an_outage_changes_nothing(breaker: Breaker) -> None:
    fail(breaker, 0, 1, 2)
    breaker.succeeded(3)
    breaker.abandoned(3)
    breaker.failed(4)
    assert breaker.state(16.9) == "open"
    breaker.failed(17)  # half-open, and no probe was sent yet
    assert breaker.allows(17)


def test_a_cancelled_request_says_nothing_of_a_healthy_provider(breaker: Breaker) -> None:
    breaker.abandoned(0)
    assert breaker.state(0) == "closed"


@given(st.lists(st.tuples(st.sampled_from(["allows", "succeeded", "failed", "abandoned"]), st.floats(0, 30))))
def test_it_always_lets_a_request_through_in_the_end(steps: list[tuple[str, float]]) -> None:
    breaker, now_s = Breaker(LIMITS), 0.0
    for step, wait_s in steps:
        now_s += wait_s
        getattr(breaker, step)(now_s)
    assert breaker.allows(now_s + LIMITS.most_open_s + LIMITS.probe_s)
