"""Quantiles from buckets are near those of all values, however the values came and were added up."""

import math
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oslira_gateway.insights.histogram import MAX_ERROR, bucket_of, quantile_us
from oslira_gateway.insights.roll_up import roll_up
from oslira_shared.contracts.points import Point
from oslira_shared.ids import derived_id

HOUR_US = 3_600_000_000
VALUES = st.lists(st.integers(100, HOUR_US - 1), min_size=1, max_size=60)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def exact(values: list[int], share: float) -> int:
    """By nearest rank."""
    return sorted(values)[max(1, math.ceil(share * len(values))) - 1]


@given(VALUES, st.sampled_from([0.5, 0.95, 0.99]))
def test_a_quantile_is_off_by_less_than_it_says(values: list[int], share: float) -> None:
    found = quantile_us(Counter(map(bucket_of, values)), share)
    assert found is not None
    wanted = exact(values, share)
    assert abs(found - wanted) <= wanted * MAX_ERROR * (1 + 1e-9)
    assert MAX_ERROR < 0.045


@given(VALUES, VALUES)
def test_counts_of_two_hours_add_up_to_those_of_both(one: list[int], other: list[int]) -> None:
    added = Counter(map(bucket_of, one)) + Counter(map(bucket_of, other))
    assert added == Counter(map(bucket_of, one + other))


@given(st.integers(0, 2**53), st.integers(0, 2**53))
def test_a_greater_value_is_in_no_lower_bucket(one: int, other: int) -> None:
    assert bucket_of(min(one, other)) <= bucket_of(max(one, other)) < 256


def test_what_is_beyond_the_scale_is_counted_at_its_ends() -> None:
    assert bucket_of(0) == bucket_of(99) == 0
    assert bucket_of(100) == 1
    assert bucket_of(HOUR_US) == bucket_of(2**53)
    assert quantile_us({}, 0.95) is None


def point(minute: int, value_us: int, *, account: str = "a", label: str = "light scoring") -> Point:
    at = NOON + timedelta(minutes=minute)
    return Point(at=at, account_id=derived_id(account), metric="step", label=label, value_us=value_us)


def test_points_are_summed_up_by_the_hour_in_which_they_were_measured() -> None:
    abroad = point(0, 40).model_copy(update={"at": NOON.astimezone(timezone(timedelta(hours=5, minutes=30)))})
    sums = roll_up([point(59, 10), point(60, 20), point(0, 30, account="b"), abroad, point(-1, 1)])
    assert [(key.account_id, key.hour.hour, one.count, one.total_us) for key, one in sums.items()] == sorted(
        [
            (derived_id("a"), 11, 1, 1),
            (derived_id("a"), 12, 2, 50),
            (derived_id("a"), 13, 1, 20),
            (derived_id("b"), 12, 1, 30),
        ]
    )


@pytest.mark.parametrize(("values", "buckets"), [([0], [1]), ([0, 0, 100], [2, 1]), ([109], [0, 1])])
def test_buckets_end_with_the_last_that_counts_something(values: list[int], buckets: list[int]) -> None:
    (one,) = roll_up([point(0, value) for value in values]).values()
    assert one.buckets == buckets
