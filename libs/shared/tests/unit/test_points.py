"""Measuring never waits and never raises, in any state of the bus; each measurement is sent once."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import pytest
from oslira_shared.bus.topology import CONSUMERS, STREAMS, stream_of
from oslira_shared.contracts.base import Contract
from oslira_shared.contracts.points import (
    MAX_LABEL_CHARS,
    MAX_POINTS,
    SENDERS,
    Metric,
    PointBatch,
    points_subject,
)
from oslira_shared.errors import OsliraError
from oslira_shared.ids import derived_id
from oslira_shared.observability.bus_points import BusPoints

ACCOUNT = derived_id("account")
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Stream:
    """Takes what is published, unless it is away."""

    service = "gateway"

    def __init__(self) -> None:
        self.is_away = False
        self.tried: list[UUID] = []
        self.taken: list[PointBatch] = []

    async def publish(self, subject: str, message: Contract, *, msg_id: str, ttl_s: int = 0) -> None:
        assert isinstance(message, PointBatch)
        assert (subject, msg_id) == ("gateway.evt.point.v1", str(message.batch_id))
        assert ttl_s > 0
        await asyncio.sleep(0)
        self.tried.append(message.batch_id)
        if self.is_away:
            raise OsliraError("unavailable", "away")
        self.taken.append(message)

    @property
    def values(self) -> list[int]:
        return [point.value_us for batch in self.taken for point in batch.points]


@pytest.fixture
def stream() -> Stream:
    return Stream()


def measured(stream: Stream, values: Sequence[int], *, capacity: int = 1_000) -> BusPoints:
    points = BusPoints(stream, capacity=capacity, now=lambda: NOON)
    for value in values:
        points.emit(Metric.REQUEST, "GET /v1/leads 200", value, account_id=ACCOUNT)
    return points


async def test_points_go_in_batches_in_the_order_in_which_they_came(stream: Stream) -> None:
    points = measured(stream, range(2 * MAX_POINTS + 1))
    await points.send()
    assert [len(batch.points) for batch in stream.taken] == [MAX_POINTS, MAX_POINTS, 1]
    assert stream.values == list(range(2 * MAX_POINTS + 1))
    assert {point.at for batch in stream.taken for point in batch.points} == {NOON}
    await points.send()
    assert len(stream.tried) == 3


async def test_a_full_queue_loses_what_comes_and_keeps_what_is_there(stream: Stream) -> None:
    await measured(stream, range(9), capacity=5).send()
    assert stream.values == [0, 1, 2, 3, 4]


async def test_what_the_bus_did_not_confirm_goes_again_as_the_same_batch(stream: Stream) -> None:
    points = measured(stream, [1, 2])
    stream.is_away = True
    await points.send()
    await points.send()
    stream.is_away = False
    points.emit(Metric.STEP, "light scoring", 3, account_id=ACCOUNT)
    await points.send()
    assert len(set(stream.tried[:3])) == 1
    assert [[point.value_us for point in batch.points] for batch in stream.taken] == [[1, 2], [3]]


async def test_two_who_send_at_once_send_each_point_once(stream: Stream) -> None:
    points = measured(stream, range(MAX_POINTS + 50))
    await asyncio.gather(*(points.send() for _ in range(4)))
    assert sorted(stream.values) == list(range(MAX_POINTS + 50))


async def test_nothing_that_is_measured_is_refused(stream: Stream) -> None:
    points = measured(stream, [-1])
    points.emit(Metric.CALL, "x" * (MAX_LABEL_CHARS + 1), 1, account_id=ACCOUNT)
    await points.send()
    (batch,) = stream.taken
    assert [(point.value_us, len(point.label)) for point in batch.points] == [(0, 17), (1, MAX_LABEL_CHARS)]


@pytest.mark.parametrize("service", SENDERS)
def test_points_are_events_that_the_gateway_hears_and_that_expire_by_themselves(service: str) -> None:
    subject = points_subject(service)
    assert stream_of(subject) == "EVENTS"
    assert subject in CONSUMERS["gateway_points"].filters
    (events,) = [stream for stream in STREAMS if stream.name == "EVENTS"]
    assert events.allow_msg_ttl
