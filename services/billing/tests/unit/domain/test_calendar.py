from datetime import UTC, datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oslira_billing.domain.calendar import month_after, months_until, parts


def on(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("anchor", "months", "expected"),
    [
        ("2027-01-31", 1, "2027-02-28"),
        ("2028-01-31", 1, "2028-02-29"),
        ("2027-01-31", 2, "2027-03-31"),
        ("2027-03-31", -1, "2027-02-28"),
        ("2027-12-15", 1, "2028-01-15"),
    ],
)
def test_months_are_counted_from_the_anchor(anchor: str, months: int, expected: str) -> None:
    assert month_after(on(anchor), months) == on(expected)


def test_where_a_period_began_takes_the_subscriptions_anchor() -> None:
    end, anchor = on("2027-02-28"), on("2026-10-31")
    assert months_until(end, 1, anchor=anchor) == [on("2027-01-31"), end]
    assert months_until(end, 1, anchor=None) == [on("2027-01-28"), end]
    # An anchor that was moved since says nothing about this period.
    assert months_until(end, 1, anchor=on("2026-10-05")) == [on("2027-01-28"), end]


def test_a_part_of_a_month_is_its_share_by_time() -> None:
    assert parts(on("2027-04-16"), on("2027-05-01"), 1, anchor=None) == (Fraction(1, 2), 0)
    assert parts(on("2027-04-30T23:00:00"), on("2027-05-01"), 1, anchor=None) == (Fraction(1, 720), 0)


def test_a_period_that_began_on_the_last_day_of_february_is_longer_than_a_month_of_that_day() -> None:
    anchor = on("2026-01-29")
    assert parts(on("2026-03-14T12:00:00"), on("2026-03-29"), 1, anchor=anchor) == (Fraction(1, 2), 0)


def test_a_part_of_a_year_is_a_share_of_its_current_month_and_the_months_after() -> None:
    assert parts(on("2027-04-16"), on("2028-01-01"), 12, anchor=None) == (Fraction(1, 2), 8)
    assert parts(on("2027-01-01"), on("2028-01-01"), 12, anchor=None) == (Fraction(1), 11)
    assert parts(on("2027-12-16T12:00:00"), on("2028-01-01"), 12, anchor=None) == (Fraction(1, 2), 0)


@given(
    anchor=st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  # hypothesis wants them bare
    months=st.integers(1, 36),
)
def test_a_period_is_found_again_from_its_end(anchor: datetime, months: int) -> None:
    assert months_until(month_after(anchor, months), months, anchor=anchor)[0] == anchor
