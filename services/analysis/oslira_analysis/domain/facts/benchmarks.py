"""Typical engagement for an audience size.

No citable source agrees on these: published tables differ several times over, by sample and by formula. The values
are Oslira's own defaults, for (likes + comments) / followers, set within the range those tables span; they say
"more or less than usual for this size" and no more than that.
"""

from dataclasses import dataclass
from typing import Final

from oslira_shared.contracts.analysis.v1 import FollowerTier


@dataclass(frozen=True, slots=True)
class Benchmark:
    """Rates are shares of the followers (0.02 is 2 %) that a usual and a strong profile of this tier reaches."""

    tier: FollowerTier
    followers_from: int
    typical_rate: float
    strong_rate: float


BENCHMARKS: Final = (
    Benchmark(FollowerTier.NANO, 0, 0.030, 0.060),
    Benchmark(FollowerTier.MICRO, 10_000, 0.018, 0.040),
    Benchmark(FollowerTier.MID, 50_000, 0.014, 0.030),
    Benchmark(FollowerTier.MACRO, 500_000, 0.010, 0.022),
    Benchmark(FollowerTier.MEGA, 1_000_000, 0.008, 0.018),
)


def benchmark_for(followers: int) -> Benchmark:
    return next(tier for tier in reversed(BENCHMARKS) if followers >= tier.followers_from)
