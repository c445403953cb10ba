from datetime import UTC, datetime

from oslira_scheduler.domain.cron import Cron
from oslira_scheduler.domain.due import MOST_SLOTS, due_slots

DAILY = Cron.parse("0 2 * * *")


def day(number: int, hour: int = 2) -> datetime:
    return datetime(2026, 11, number, hour, tzinfo=UTC)


def test_nothing_is_due_before_the_next_slot() -> None:
    assert due_slots(DAILY, after=day(21), until=day(22, 1), newest_only=False) == []


def test_a_slot_is_due_at_its_moment_and_only_once() -> None:
    assert due_slots(DAILY, after=day(21), until=day(22), newest_only=False) == [day(22)]
    assert due_slots(DAILY, after=day(22), until=day(22, 3), newest_only=False) == []


def test_missed_slots_are_caught_up_oldest_first() -> None:
    assert due_slots(DAILY, after=day(18), until=day(21), newest_only=False) == [day(19), day(20), day(21)]


def test_of_a_frequent_jobs_missed_slots_only_the_newest_is_caught_up() -> None:
    assert due_slots(DAILY, after=day(18), until=day(21), newest_only=True) == [day(21)]


def test_years_of_absence_are_bounded() -> None:
    slots = due_slots(DAILY, after=datetime(2001, 1, 1, tzinfo=UTC), until=day(21), newest_only=False)
    assert len(slots) == MOST_SLOTS
    assert slots[-1] == day(21)
