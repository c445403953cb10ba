"""A run that has ended is measured by what its row has recorded."""

from typing import Any
from uuid import UUID

from oslira_analysis.infrastructure.bus.measure_steps import measure_steps
from oslira_shared.contracts.points import Metric
from oslira_shared.ids import derived_id

ACCOUNT = derived_id("account")


class Measured:
    """Implements Points, recorded."""

    def __init__(self) -> None:
        self.points: list[tuple[Metric, str, int]] = []

    def emit(self, metric: Metric, label: str, value_us: int, *, account_id: UUID) -> None:
        assert account_id == ACCOUNT
        self.points.append((metric, label, value_us))


def row(*steps: tuple[str, str]) -> dict[str, Any]:
    recorded = [{"step": step, "at": f"2026-11-22T12:00:{second}+00:00"} for step, second in steps]
    return {"account_id": ACCOUNT, "type": "light", "steps": recorded}


def test_each_state_is_measured_until_the_next_and_all_of_them_together() -> None:
    measured = Measured()
    measure_steps(row(("queued", "00"), ("scraping", "01.5"), ("scoring", "09"), ("failed", "10")), measured)
    assert measured.points == [
        (Metric.STEP, "light queued", 1_500_000),
        (Metric.STEP, "light scraping", 7_500_000),
        (Metric.STEP, "light scoring", 1_000_000),
        (Metric.STEP, "light total", 10_000_000),
    ]


def test_a_row_that_recorded_nothing_yet_measures_nothing() -> None:
    measured = Measured()
    measure_steps(row(), measured)
    measure_steps(row(("queued", "00")), measured)
    measure_steps({**row(), "steps": None}, measured)
    assert measured.points == []
