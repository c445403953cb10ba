"""A number, or the reason why it is unknown."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, pstdev
from typing import Final

MIN_POSTS: Final = 3  # fewer posts are not representative
_DIGITS: Final = 6


@dataclass(frozen=True, slots=True)
class Metric:
    """Exactly one of `value` and `reason` is set. Shares are 0 to 1, never percent."""

    value: float | None
    reason: str | None = None

    def __post_init__(self) -> None:
        if (self.value is None) == (self.reason is None):
            raise ValueError("a metric has either a value or a reason")


def known(value: float) -> Metric:
    """Rounded to six digits, so that the same profile gives the same JSON everywhere."""
    return Metric(round(value, _DIGITS))


def unknown(reason: str) -> Metric:
    return Metric(None, reason)


def too_few(things: str, *, there: int, needed: int = MIN_POSTS) -> Metric:
    """The most common reason: "3 posts with a date are needed, 1 is there"."""
    return unknown(f"{needed} {things} are needed, {there} {'is' if there == 1 else 'are'} there")


def mean(values: Sequence[float], *, of: str, needed: int = MIN_POSTS) -> Metric:
    """The arithmetic mean, when there are enough values; `of` names them."""
    return known(fmean(values)) if len(values) >= needed else too_few(of, there=len(values), needed=needed)


def share(flags: Iterable[bool], *, of: str, needed: int = MIN_POSTS) -> Metric:
    """The share of true flags, 0 to 1."""
    return mean([float(flag) for flag in flags], of=of, needed=needed)


def evenness(values: Sequence[float]) -> float:
    """1 − the coefficient of variation (population), at least 0: 1 means that all values are equal. Needs a mean above 0."""
    return max(0.0, 1.0 - pstdev(values) / fmean(values))
