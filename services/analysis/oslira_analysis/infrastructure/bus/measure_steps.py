"""How long an ended run was in each of its states, from the times in its row."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final
from uuid import UUID

from oslira_shared.contracts.points import Metric
from oslira_shared.observability.points import Points

TOTAL: Final = "total"
_MICROSECOND: Final = timedelta(microseconds=1)


def measure_steps(row: Mapping[str, Any], points: Points) -> None:
    """A full row of analysis.runs. A state that occurs twice (waiting, for a scrape and for a score) counts twice."""
    account_id: UUID = row["account_id"]
    recorded = [(str(one["step"]), datetime.fromisoformat(one["at"])) for one in row["steps"] or ()]
    spans = [(step, at, end) for (step, at), (_, end) in pairwise(recorded)]
    if spans:
        spans.append((TOTAL, recorded[0][1], recorded[-1][1]))
    for step, at, end in spans:
        points.emit(Metric.STEP, f"{row['type']} {step}", (end - at) // _MICROSECOND, account_id=account_id)
