import pytest
from oslira_analysis.domain.snooze import (
    LONGEST_RETRY_AFTER_S,
    LONGEST_S,
    SHORTEST_S,
    snooze_s,
    unanswered_wait_s,
)


def no_chance() -> float:
    return 0.0


def test_waits_double_up_to_a_limit() -> None:
    waited_s, waits = 0.0, list[float]()
    for _ in range(8):
        waits.append(snooze_s(waited_s, retry_after_s=None, chance=no_chance))
        waited_s += waits[-1]
    assert waits == [SHORTEST_S, 2, 4, 8, 16, 32, LONGEST_S, LONGEST_S]


def test_a_retry_after_makes_it_longer_within_bounds_and_never_shorter() -> None:
    assert snooze_s(0, retry_after_s=30, chance=no_chance) == 30
    assert snooze_s(50, retry_after_s=1, chance=no_chance) == 50
    assert snooze_s(0, retry_after_s=1e9, chance=no_chance) == LONGEST_RETRY_AFTER_S


def test_chance_makes_it_a_quarter_longer_at_most() -> None:
    assert snooze_s(8, retry_after_s=None, chance=lambda: 1.0) == pytest.approx(10)


def test_unanswered_requests_are_bounded_by_the_wait_limit_of_their_run() -> None:
    for patience_s, expected in ((1_800, 11), (21_600, 15)):
        requests, waited_s = 0, 0.0
        while waited_s <= patience_s:
            waited_s += unanswered_wait_s(requests, waited_s)
            requests += waited_s <= patience_s
        assert requests == expected


def test_any_count_of_unanswered_requests_gives_a_wait() -> None:
    assert unanswered_wait_s(10_000, 0) == 2.0**30
