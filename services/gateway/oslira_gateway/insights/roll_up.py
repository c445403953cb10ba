"""The points of a batch, summed up by metric and by hour."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from oslira_shared.contracts.points import Point

from oslira_gateway.insights.histogram import bucket_of


@dataclass(frozen=True, order=True, slots=True)
class HourKey:
    """The key of a roll-up's row. `hour` is its beginning, in UTC."""

    account_id: UUID
    metric: str
    hour: datetime
    label: str


@dataclass(slots=True)
class HourSum:
    """The sum of one hour's points."""

    count: int = 0
    total_us: int = 0
    counts: Counter[int] = field(default_factory=Counter[int])

    @property
    def buckets(self) -> list[int]:
        """Counts by bucket, up to the last one that isn't empty."""
        return [self.counts[number] for number in range(max(self.counts, default=-1) + 1)]


def roll_up(points: Iterable[Point]) -> dict[HourKey, HourSum]:
    """In the order of keys, so that concurrent writers lock rows in one order."""
    sums: dict[HourKey, HourSum] = {}
    for point in points:
        hour = point.at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        one = sums.setdefault(HourKey(point.account_id, point.metric, hour, point.label), HourSum())
        one.count += 1
        one.total_us += point.value_us
        one.counts[bucket_of(point.value_us)] += 1
    return dict(sorted(sums.items()))
