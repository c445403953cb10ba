"""A run's times as bars, one below the other, on one scale."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from oslira_client.generated.analyses import Receipt

from oslira_gateway.console.text import duration, status, words

_WAITS: Final = frozenset({"queued", "waiting"})
_LEAST_WIDTH: Final = 0.4


@dataclass(frozen=True, slots=True)
class Bar:
    """`start` and `width` are percent of the whole run."""

    label: str
    start: float
    width: float
    time: str
    is_waiting: bool
    is_call: bool


def waterfall(receipt: Receipt) -> list[Bar]:
    """Steps in their order, and below them the model calls."""
    begin = receipt.created_at
    ends = [
        begin,
        *(step.started_at + _length(step.duration_ms) for step in receipt.steps),
        *(call.requested_at + _length(call.duration_ms) for call in receipt.calls),
    ]
    end = receipt.finished_at or max(datetime.now(UTC), *ends)
    whole_s = max((max(end, *ends) - begin).total_seconds(), 0.001)

    def bar(label: str, at: datetime, length_ms: int | None, *, waits: bool, call: bool) -> Bar:
        started_s = max(0.0, (at - begin).total_seconds())
        length_s = (length_ms / 1_000) if length_ms is not None else max(0.0, whole_s - started_s)
        start = min(100.0, 100 * started_s / whole_s)
        width = min(100.0 - start, max(_LEAST_WIDTH, 100 * length_s / whole_s))
        time = duration(length_ms) if length_ms is not None else "now"
        return Bar(label, round(start, 2), round(max(width, 0.0), 2), time, waits, call)

    steps = [
        bar(status(one.step), one.started_at, one.duration_ms, waits=one.step in _WAITS, call=False)
        for one in receipt.steps
        if one.step not in ("completed", "failed", "cancelled")
    ]
    calls = [
        bar(f"{words(one.call)} ({one.model})", one.requested_at, one.duration_ms, waits=False, call=True)
        for one in receipt.calls
    ]
    return steps + calls


def _length(milliseconds: int | None) -> timedelta:
    return timedelta(milliseconds=milliseconds or 0)
