from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oslira_scheduler.domain.cron import Cron
from oslira_shared.contracts.jobs import JOBS, Job

MOMENTS = st.integers(946_684_800, 7_258_118_400).map(lambda unix_s: datetime.fromtimestamp(unix_s, UTC))


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("expression", "now", "slot"),
    [
        ("0 * * * *", at(2026, 11, 22, 16, 59, 59), at(2026, 11, 22, 16)),
        ("0 * * * *", at(2026, 11, 22, 16), at(2026, 11, 22, 16)),
        ("0 2 * * *", at(2026, 1, 1, 1, 59), at(2025, 12, 31, 2)),
        ("0 3 1 * *", at(2026, 1, 31, 12), at(2026, 1, 1, 3)),
        ("0 3 1 * *", at(2026, 3, 1, 2, 59), at(2026, 2, 1, 3)),
        ("0 */6 * * *", at(2026, 11, 22, 23, 59), at(2026, 11, 22, 18)),
        ("30 4 31 * *", at(2026, 3, 1), at(2026, 1, 31, 4, 30)),
        ("0 0 29 2 *", at(2027, 6, 1), at(2024, 2, 29)),
        ("0 0 29 2 *", at(2104, 2, 28), at(2096, 2, 29)),
        ("15,45 8-10/2 * * *", at(2026, 5, 5, 10, 44), at(2026, 5, 5, 10, 15)),
        ("50/5 0 * * *", at(2026, 5, 5), at(2026, 5, 4, 0, 55)),
        ("0 0 * * 7", at(2026, 11, 25), at(2026, 11, 22)),
        ("0 0 * * 0", at(2026, 11, 25), at(2026, 11, 22)),
        ("0 0 13 * 5", at(2026, 11, 22), at(2026, 11, 20)),
        ("0 0 13 * 5", at(2026, 11, 19), at(2026, 11, 13)),
    ],
)
def test_the_latest_slot_is_the_calendars(expression: str, now: datetime, slot: datetime) -> None:
    assert Cron.parse(expression).latest(now) == slot


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("0 0 * *", "five fields"),
        ("60 0 * * *", "minute '60'"),
        ("0 x * * *", "hour 'x'"),
        ("0 0 0 * *", "day of month '0'"),
        ("0 0 * 5-3 *", "runs backwards"),
        ("*/0 0 * * *", "minute"),
        ("-5 0 * * *", "minute"),
    ],
)
def test_a_malformed_expression_is_refused_by_name(expression: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Cron.parse(expression)


def test_a_day_that_never_comes_is_refused() -> None:
    with pytest.raises(ValueError, match="no day of the calendar"):
        Cron.parse("0 0 30 2 *").latest(at(2026, 11, 22))


def test_slots_are_utc_whatever_the_callers_zone() -> None:
    elsewhere = timezone(timedelta(hours=-8))
    assert Cron.parse("0 2 * * *").latest(datetime(2026, 11, 22, 18, 30, tzinfo=elsewhere)) == at(
        2026, 11, 23, 2
    )


@given(job=st.sampled_from(JOBS), now=MOMENTS)
def test_between_a_jobs_latest_slot_and_now_there_is_no_other(job: Job, now: datetime) -> None:
    cron = Cron.parse(job.cron)
    slot = cron.latest(now)
    assert slot <= now
    assert cron.latest(slot) == slot
    # A brute-force walk over the minutes is the independent model.
    minute = now.replace(second=0, microsecond=0)
    fields = job.cron.split()
    for _ in range(24 * 60):
        if minute == slot:
            break
        assert not _fits(fields, minute)
        minute -= timedelta(minutes=1)
    assert _fits(fields, slot)


def _fits(fields: list[str], minute: datetime) -> bool:
    values = (minute.minute, minute.hour, minute.day, minute.month, minute.isoweekday() % 7)
    return all(
        value % int(field[2:]) == 0 if field.startswith("*/") else field in ("*", str(value))
        for field, value in zip(fields, values, strict=True)
    )
