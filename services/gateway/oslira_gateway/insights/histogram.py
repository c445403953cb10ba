"""Durations counted in fixed buckets, so that the counts of hours add up.

Eight buckets to each doubling, from 0.1 ms to an hour. A quantile is the geometric middle of its bucket, so it differs by at most
4.5 % (`MAX_ERROR`) from the exact value. Below 0.1 ms and above an hour there is one bucket each, without that bound.
"""

import math
from collections.abc import Mapping
from typing import Final

_PER_DOUBLING: Final = 8
_LEAST_US: Final = 100
_MOST_US: Final = 3_600_000_000
MAX_ERROR: Final = 2 ** (0.5 / _PER_DOUBLING) - 1


def bucket_of(value_us: int) -> int:
    """The number of the bucket that counts this value."""
    if value_us < _LEAST_US:
        return 0
    return 1 + math.floor(_PER_DOUBLING * math.log2(min(value_us, _MOST_US) / _LEAST_US))


def quantile_us(buckets: Mapping[int, int], share: float) -> float | None:
    """The smallest value that `share` of all do not exceed; None if nothing was counted. `buckets`: counts by number."""
    total = sum(buckets.values())
    if not total:
        return None
    rank = max(1, math.ceil(share * total))
    seen = 0
    for number in sorted(buckets):
        seen += buckets[number]
        if seen >= rank:
            return _middle_us(number)
    raise AssertionError("a rank is at most the total")


def _middle_us(number: int) -> float:
    if number == 0:
        return _LEAST_US / 2
    return _LEAST_US * 2 ** ((number - 0.5) / _PER_DOUBLING)
