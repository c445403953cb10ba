"""The topology: every published subject is stored in one stream, and every consumer receives its subjects."""

import re
from itertools import combinations
from types import ModuleType

import pytest
from nats.js import api
from oslira_shared.bus.topology import CONSUMERS, OWNERS, STREAMS, stream_of
from oslira_shared.contracts.analysis import v1 as analysis
from oslira_shared.contracts.billing import v1 as billing
from oslira_shared.contracts.credits import v1 as credits_
from oslira_shared.contracts.jobs import JOBS
from oslira_shared.contracts.scheduler import v1 as scheduler

_CONTRACTS = (analysis, billing, credits_, scheduler)


def _subjects(module: ModuleType, kind: str) -> list[str]:
    values = [value for name, value in vars(module).items() if name.isupper() and isinstance(value, str)]
    return [value for value in values if f".{kind}." in value]


def _overlap(one: str, other: str) -> bool:
    """Whether some subject matches both patterns."""
    first, second = one.split("."), other.split(".")
    for left, right in zip(first, second, strict=False):
        if ">" in (left, right):
            return True
        if left != right and "*" not in (left, right):
            return False
    return len(first) == len(second)


@pytest.mark.parametrize("module", _CONTRACTS)
def test_every_command_and_event_is_stored_and_no_question_is(module: ModuleType) -> None:
    for subject in _subjects(module, "cmd"):
        assert stream_of(subject) == {"analysis": "ANALYSIS", "billing": "STRIPE"}[subject.split(".")[0]]
    for subject in _subjects(module, "evt"):
        assert stream_of(subject) == "EVENTS"
    for subject in _subjects(module, "rpc"):
        with pytest.raises(KeyError):
            stream_of(subject)


def test_every_job_has_its_tick_and_every_owner_hears_it() -> None:
    for job in JOBS:
        subject = scheduler.tick_subject(job.name)
        assert stream_of(subject) == "TICKS"
        hearing = {item.owner for item in CONSUMERS.values() if subject in item.filters}
        assert hearing == set(job.owners)


def test_an_owner_that_was_down_for_a_month_still_receives_its_monthly_tick() -> None:
    (ticks,) = (stream for stream in STREAMS if stream.name == "TICKS")
    assert ticks.max_age is not None
    assert ticks.max_age >= 31 * 86_400
    # Hourly ticks of that time would only repeat work.
    assert ticks.max_msgs_per_subject == 48


@pytest.mark.parametrize("module", _CONTRACTS)
def test_subjects_are_owner_kind_name_and_version(module: ModuleType) -> None:
    owner = module.__name__.split(".")[-2]
    for subject in [*_subjects(module, "cmd"), *_subjects(module, "evt")]:
        assert re.fullmatch(rf"{owner}\.(cmd|evt)\.[a-z_]+\.v1", subject)
    for subject in _subjects(module, "rpc"):
        assert re.fullmatch(rf"{owner}\.rpc\.[a-z_]+", subject)


def test_no_subject_is_stored_twice() -> None:
    """The server refuses overlapping streams, and it would find `dead.evt.x` in `*.evt.>` too."""
    claimed = [(stream.name, subject) for stream in STREAMS for subject in stream.subjects or ()]
    clashes = [pair for pair in combinations(claimed, 2) if _overlap(pair[0][1], pair[1][1])]
    assert clashes == []
    assert _overlap("*.evt.>", "dead.>")


def test_consumers_filter_what_their_stream_stores_and_share_no_work() -> None:
    for consumer in CONSUMERS.values():
        assert consumer.owner in OWNERS
        assert consumer.filters
        assert {stream_of(subject) for subject in consumer.filters} == {consumer.stream}
    queues = {s.name for s in STREAMS if s.retention is api.RetentionPolicy.WORK_QUEUE}
    taken = [subject for item in CONSUMERS.values() if item.stream in queues for subject in item.filters]
    assert len(taken) == len(set(taken))


def test_a_full_work_queue_refuses_instead_of_forgetting() -> None:
    for stream in STREAMS:
        if stream.retention is api.RetentionPolicy.WORK_QUEUE:
            assert stream.discard is api.DiscardPolicy.NEW
        assert stream.max_bytes
        assert stream.max_age
