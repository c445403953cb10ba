"""Numbers as the geometry of bar charts; templates draw them as SVG."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 800
HEIGHT: Final = 180
_LEFT: Final = 44
_BOTTOM: Final = 22
_GAP: Final = 0.25
_MOST_LABELS: Final = 8
# A scale of whole numbers needs a middle.
_LEAST_TOP: Final = 2


@dataclass(frozen=True, slots=True)
class Column:
    """One bar of a chart. `label` is empty where there is no room for it."""

    x: float
    y: float
    width: float
    height: float
    label: str
    title: str


@dataclass(frozen=True, slots=True)
class Chart:
    """`ticks` are (y, text) of the scale's lines."""

    columns: list[Column]
    ticks: list[tuple[float, str]]
    left: int = _LEFT
    width: int = WIDTH
    height: int = HEIGHT
    floor: int = HEIGHT - _BOTTOM


def columns(values: Sequence[tuple[str, float]], *, unit: str) -> Chart:
    """Bars side by side, from 0 to a round number above the largest."""
    top = round_above(max((value for _, value in values), default=0))
    floor = HEIGHT - _BOTTOM
    pitch = (WIDTH - _LEFT) / max(1, len(values))
    every = math.ceil(len(values) / _MOST_LABELS) or 1
    found = [
        Column(
            x=round(_LEFT + pitch * (index + _GAP / 2), 2),
            y=round(floor - (floor - 8) * value / top, 2),
            width=round(min(pitch * (1 - _GAP), 48), 2),
            height=round((floor - 8) * value / top, 2),
            label=name if index % every == 0 else "",
            title=f"{name}: {value:,g} {unit}",
        )
        for index, (name, value) in enumerate(values)
    ]
    ticks = [(round(floor - (floor - 8) * share, 2), f"{top * share:,g}") for share in (0, 0.5, 1)]
    return Chart(found, ticks)


def round_above(value: float) -> float:
    """1, 2 or 5 times a power of ten, and no less than 2."""
    if value <= _LEAST_TOP:
        return _LEAST_TOP
    power = 10 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= value)
