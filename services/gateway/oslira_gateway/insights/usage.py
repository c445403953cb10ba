"""An account's usage: runs, credits, and new leads."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from oslira_shared.contracts.analysis.v1 import RunType

from oslira_gateway.insights.period import Bucket, OfPeriod, Period


@dataclass(frozen=True, slots=True)
class UsageOfType:
    """The runs of one type that were ordered in the hour or day that begins at `at`.

    `credits`: the price of completed ones; nothing else is charged. `new_leads`: profiles that weren't leads before.
    """

    at: datetime
    type: RunType
    runs: int
    completed: int
    credits: int
    new_leads: int


@dataclass(frozen=True, slots=True)
class UsageTotals:
    """Of the whole period."""

    runs: int
    completed: int
    credits: int
    new_leads: int


class Usage(OfPeriod, frozen=True):
    """`items` in the order of time; an hour or day without runs has none."""

    bucket: Bucket
    totals: UsageTotals
    items: list[UsageOfType]


def usage(period: Period, bucket: Bucket, items: Iterable[UsageOfType]) -> Usage:
    """With its totals."""
    found = list(items)
    totals = UsageTotals(
        runs=sum(item.runs for item in found),
        completed=sum(item.completed for item in found),
        credits=sum(item.credits for item in found),
        new_leads=sum(item.new_leads for item in found),
    )
    return Usage(period.start, period.end, bucket, totals, found)
