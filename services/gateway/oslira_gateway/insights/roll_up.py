"""Points of a batch, summed up by what they measure and by the hour in which they were measured."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from oslira_shared.contracts.points import Point

from oslira_gateway.insights.histogram import bucket_of


@dataclass(frozen=True, order=True, slots=True)
class HourKey:
    """What a roll-up's row is found by. `hour` is its beginning, in UTC."""

    account_id: UUID
    metric: str
    hour: datetime
    label: str


@dataclass(slots=True)
class HourSum:
    """Of one hour's points, or of those that one batch has of it."""

    count: int = 0
    total_us: int = 0
    counts: Counter[int] = field(default_factory=Counter[int])

    @property
    def buckets(self) -> list[int]:
        """Counts by bucket, up to the last one that isn't empty."""
        return [self.counts[number] for number in range(max(self.counts, default=-1) + 1)]


def roll_up(points: Iterable[Point]) -> dict[HourKey, HourSum]:
    """By key, in the keys' order: whoever adds to rows takes them in one order, or two who add at once wait for each other."""
    sums: dict[HourKey, HourSum] = {}
    for point in points:
        hour = point.at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        one = sums.setdefault(HourKey(point.account_id, point.metric, hour, point.label), HourSum())
        one.count += 1
        one.total_us += point.value_us
        one.counts[bucket_of(point.value_us)] += 1
    return dict(sorted(sums.items()))
