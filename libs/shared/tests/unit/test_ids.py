"""Ids that sort by time, and ids that are the same everywhere."""

import time
from uuid import RFC_4122, UUID

from oslira_shared.contracts.work import WorkHint
from oslira_shared.ids import derived_id, new_id


def test_a_new_id_is_a_uuid_version_7_of_this_moment() -> None:
    before = time.time_ns() // 1_000_000
    made = new_id()
    after = time.time_ns() // 1_000_000
    assert (made.version, made.variant) == (7, RFC_4122)
    assert before <= made.int >> 80 <= after


def test_new_ids_never_repeat_and_sort_by_time() -> None:
    assert len({new_id() for _ in range(10_000)}) == 10_000
    by_time = []
    for _ in range(5):
        by_time.append(new_id())
        time.sleep(0.002)
    assert by_time == sorted(by_time)
    assert [str(made) for made in by_time] == sorted(str(made) for made in by_time)


def test_a_derived_id_is_the_same_for_the_same_parts_always() -> None:
    """A value that is written down: another release must not derive another run from the same request."""
    assert derived_id("a", 1) == UUID("dc0a9086-6356-54c6-a7c3-919576b10f33")
    assert derived_id("a", 1).version == 5
    assert derived_id("ab", "c") != derived_id("a", "bc")
    assert derived_id("a", "b") != derived_id("b", "a")


def test_a_hint_has_one_event_id_for_each_attempt_of_each_state() -> None:
    row = new_id()
    assert WorkHint.of(row, "queued", 1) == WorkHint.of(row, "queued", 1)
    others = [
        WorkHint.of(row, "queued", 2),
        WorkHint.of(row, "scoring", 1),
        WorkHint.of(new_id(), "queued", 1),
    ]
    assert len({hint.event_id for hint in [WorkHint.of(row, "queued", 1), *others]}) == 4
