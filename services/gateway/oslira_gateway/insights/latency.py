"""How long things took: requests by endpoint, runs by type and step, calls by model."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from oslira_shared.contracts.analysis.v1 import RunType
from oslira_shared.contracts.points import Metric

from oslira_gateway.insights.histogram import quantile_us
from oslira_gateway.insights.period import OfPeriod, Period

ViewT = TypeVar("ViewT")


@dataclass(frozen=True, slots=True)
class Durations:
    """In milliseconds. Quantiles are within 4.5 % of the exact ones."""

    count: int
    mean_ms: float
    p50_ms: float
    p95_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class EndpointLatency:
    """Of the account's own requests, until the first byte of the answer. `statuses`: how many were answered with each."""

    endpoint: str
    statuses: dict[str, int]
    durations: Durations


@dataclass(frozen=True, slots=True)
class StepLatency:
    """Of runs that ended: how long they were in each status, and in total (`total`)."""

    type: RunType
    step: Literal["queued", "waiting", "scraping", "scoring", "total"]
    durations: Durations


@dataclass(frozen=True, slots=True)
class CallLatency:
    """Of requests to models that were answered."""

    call: str
    model: str
    durations: Durations


class Latency(OfPeriod, frozen=True):
    """Each list by its names. From data points, so a few may be missing."""

    endpoints: list[EndpointLatency]
    steps: list[StepLatency]
    calls: list[CallLatency]


@dataclass(slots=True)
class Measured:
    """What a metric's label means, summed up over a period."""

    total_us: int = 0
    counts: Counter[int] = field(default_factory=Counter[int])

    def add(self, other: "Measured") -> None:
        self.total_us += other.total_us
        self.counts.update(other.counts)

    @property
    def count(self) -> int:
        return self.counts.total()


def latency(period: Period, measured: Mapping[tuple[str, str], Measured]) -> Latency:
    """From sums by (metric, label)."""
    labels = {
        metric: {label: one for (of, label), one in measured.items() if of == metric and one.count}
        for metric in Metric
    }
    return Latency(
        period.start,
        period.end,
        endpoints=_endpoints(labels[Metric.REQUEST]),
        steps=_pairs(labels[Metric.STEP], StepLatency),
        calls=_pairs(labels[Metric.CALL], CallLatency),
    )


def _endpoints(by_label: Mapping[str, Measured]) -> list[EndpointLatency]:
    """All statuses of an endpoint together: an error is an answer too."""
    sums: dict[str, Measured] = {}
    statuses: dict[str, dict[str, int]] = {}
    for label, one in sorted(by_label.items()):
        endpoint, _, status = label.rpartition(" ")
        sums.setdefault(endpoint, Measured()).add(one)
        statuses.setdefault(endpoint, {})[status] = one.count
    return [EndpointLatency(endpoint, statuses[endpoint], _durations(sums[endpoint])) for endpoint in sums]


def _pairs(by_label: Mapping[str, Measured], view: Callable[[Any, Any, Durations], ViewT]) -> list[ViewT]:
    return [view(*_parted(label), _durations(by_label[label])) for label in sorted(by_label)]


def _parted(label: str) -> tuple[str, str]:
    first, _, second = label.partition(" ")
    return first, second


def _durations(one: Measured) -> Durations:
    return Durations(
        count=one.count,
        mean_ms=_ms(one.total_us / one.count),
        p50_ms=_ms(quantile_us(one.counts, 0.50)),
        p95_ms=_ms(quantile_us(one.counts, 0.95)),
        p99_ms=_ms(quantile_us(one.counts, 0.99)),
    )


def _ms(value_us: float | None) -> float:
    return round((value_us or 0.0) / 1_000, 2)
