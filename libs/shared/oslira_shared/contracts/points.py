"""Data points: durations that no row stores. They are sent in batches, and some may be lost."""

from enum import StrEnum
from typing import Final
from uuid import UUID

from pydantic import AwareDatetime, Field

from oslira_shared.contracts.base import Contract

# The services that measure. Each publishes its own points, and one consumer receives them all.
SENDERS: Final = ("gateway", "analysis")
MAX_POINTS: Final = 200
MAX_LABEL_CHARS: Final = 100


class Metric(StrEnum):
    """What is measured, and what its label means. Labels are from bounded sets: never an id or a name."""

    REQUEST = "request"  # until a request's answer began: `GET /v1/leads/{lead_id} 200`
    STEP = "step"  # how long a run was in a status, or active in total: `light scoring`, `light total`
    CALL = "call"  # one request to a model, until its answer: `core gpt-6.1-terra`


class Point(Contract):
    """One measurement. `metric` is a Metric, or a newer version's."""

    at: AwareDatetime
    account_id: UUID
    metric: str = Field(min_length=1, max_length=32)
    label: str = Field(min_length=1, max_length=MAX_LABEL_CHARS)
    value_us: int = Field(ge=0, lt=2**53)


class PointBatch(Contract):
    """Measurements of one process. Each `batch_id` is counted once, however often it is delivered."""

    batch_id: UUID
    points: list[Point] = Field(max_length=MAX_POINTS)


def points_subject(service: str) -> str:
    """The subject of a service's points."""
    return f"{service}.evt.point.v1"
