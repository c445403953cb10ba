from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oslira_shared.retry_after import read_retry_after

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("120", 120.0),
        ("Sun, 22 Nov 2026 12:01:00 GMT", 60.0),
        ("Sun, 22 Nov 2026 11:00:00 GMT", None),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("٣", None),
        ("9" * 400, 999_999_999.0),
        (" 30 ", 30.0),
        ("1.5", 1.5),
        ("1e3", None),
        ("nan", None),
        ("60, 120", None),
        ("Sun, 22 Nov 99999999999999999999 12:01:00 GMT", None),
        ("Sun, 22 Nov 2026 12:01:00 +9999999999999", None),
        ("Sun, 31 Feb 2026 12:01:00 GMT", None),
        ("Sun, 22 Nov 2026 99:99:99 GMT", None),
        ("1 1 1 1 1 1 1", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, expected: float | None) -> None:
    assert read_retry_after(value, now=NOW) == expected


@pytest.mark.parametrize("our_clock", ["11:55:00", "12:05:00"])
def test_a_date_is_read_by_the_senders_clock(our_clock: str) -> None:
    now = datetime.fromisoformat(f"2026-11-22T{our_clock}Z")
    wait_s = read_retry_after("Sun, 22 Nov 2026 12:01:00 GMT", now=now, date="Sun, 22 Nov 2026 12:00:00 GMT")
    assert wait_s == 60.0


def test_without_a_readable_date_of_the_answer_our_clock_counts() -> None:
    assert read_retry_after("Sun, 22 Nov 2026 12:01:00 GMT", now=NOW, date="today") == 60.0


@given(
    st.text(max_size=60)
    | st.from_regex(r"[A-Z][a-z]{2}, \d{1,4} [A-Z][a-z]{2} \d{1,25} [\d:]{1,30} ?[+-]?\w{0,12}")
)
def test_no_header_fails_the_exchange_that_carries_it(value: str) -> None:
    wait_s = read_retry_after(value, now=NOW, date=value)
    assert wait_s is None or wait_s >= 0
