"""An account's insights as people read them."""

from collections.abc import Iterable
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table

_DURATIONS = ("count", "p50_ms", "p95_ms", "p99_ms")


def insights_tables(found: dict[str, Any]) -> RenderableType:
    """`found`: the answers of usage, outcomes and latency, by these names, as JSON."""
    usage, latency = found["usage"], found["latency"]
    return Group(
        _table(
            f"Usage, {usage['from'][:10]} to {usage['to'][:10]}",
            ("day", "type", "runs", "completed", "credits", "new leads"),
            (
                (i["at"][:10], i["type"], i["runs"], i["completed"], i["credits"], i["new_leads"])
                for i in usage["items"]
            ),
        ),
        _table(
            "Outcomes",
            (
                "type",
                "completed",
                "faults",
                "verdicts",
                "cancelled",
                "success",
                "mean score",
                "why they failed",
            ),
            (
                (
                    one["type"],
                    one["completed"],
                    one["faults"],
                    one["verdicts"],
                    one["cancelled"],
                    _percent(one["success_rate"]),
                    one["scores"]["mean"],
                    ", ".join(f"{failure['code']} {failure['runs']}" for failure in one["failures"]),
                )
                for one in found["outcomes"]["types"]
            ),
        ),
        *(
            _table(
                title,
                (*names, "count", "p50 ms", "p95 ms", "p99 ms"),
                (
                    (*(one[name] for name in names), *(one["durations"][name] for name in _DURATIONS))
                    for one in latency[part]
                ),
            )
            for title, part, names in (
                ("Requests", "endpoints", ("endpoint",)),
                ("Steps of runs", "steps", ("type", "step")),
                ("Model calls", "calls", ("call", "model")),
            )
        ),
    )


def _table(title: str, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column)
    for row in rows:
        table.add_row(*("–" if value is None else str(value) for value in row))
    return table


def _percent(rate: float | None) -> str | None:
    return None if rate is None else f"{rate:.0%}"
