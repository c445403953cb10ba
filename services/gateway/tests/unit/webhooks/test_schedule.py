"""When to try again, and when pause_rule is over."""

from datetime import timedelta

import pytest
from oslira_gateway.webhooks.answer import DETAILS, Answer, DeliveryProblem
from oslira_gateway.webhooks.schedule import (
    DELAYS_S,
    LONGEST_RETRY_AFTER_S,
    MAX_TRIES,
    PauseRule,
    next_try_s,
)


def no_chance() -> float:
    return 0.0


def test_delays_grow_over_three_days_and_then_it_is_over() -> None:
    waits = [next_try_s(n, retry_after_s=None, chance=no_chance) for n in range(1, MAX_TRIES)]
    assert waits == sorted(DELAYS_S)
    assert timedelta(days=3) <= timedelta(seconds=sum(DELAYS_S)) <= timedelta(days=3.5)
    assert next_try_s(MAX_TRIES, retry_after_s=60.0, chance=no_chance) is None


def test_chance_makes_it_a_fifth_longer_at_most() -> None:
    assert next_try_s(1, retry_after_s=None, chance=lambda: 1.0) == pytest.approx(6.0)
    assert next_try_s(1, retry_after_s=None, chance=lambda: 0.5) == pytest.approx(5.5)


def test_retry_after_makes_it_longer_within_bounds_and_never_shorter() -> None:
    assert next_try_s(1, retry_after_s=120.0, chance=no_chance) == 120.0
    assert next_try_s(2, retry_after_s=1.0, chance=no_chance) == 300.0
    assert next_try_s(1, retry_after_s=1e9, chance=no_chance) == LONGEST_RETRY_AFTER_S


@pytest.mark.parametrize(
    ("failures", "failing_for_s", "expected"), [(2, 1e9, False), (3, 59.0, False), (3, 60.0, True)]
)
def test_patience_ends_after_many_failures_over_a_long_time(
    failures: int, failing_for_s: float, *, expected: bool
) -> None:
    assert PauseRule(3, 60.0).is_over(failures=failures, failing_for_s=failing_for_s) is expected


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        (200, None),
        (204, None),
        (301, "redirect"),
        (307, "redirect"),
        (410, "gone"),
        (404, "status"),
        (500, "status"),
    ],
)
def test_only_2xx_is_a_success(status: int, problem: str | None) -> None:
    assert Answer.of_status(status).problem == problem


def test_every_problem_says_what_to_do() -> None:
    assert set(DETAILS) == set(DeliveryProblem)
