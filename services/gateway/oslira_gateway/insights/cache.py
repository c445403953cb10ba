"""Cache hits: of profiles, of finished analyses, of the beginnings of prompts."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from oslira_gateway.insights.period import Bucket, OfPeriod, Period


@dataclass(frozen=True, slots=True)
class Hits:
    """`rate`: hits of all; null where there were none of either."""

    hits: int
    misses: int
    rate: float | None


@dataclass(frozen=True, slots=True)
class CacheCounts:
    """Counts of one hour or day."""

    at: datetime
    profile_hits: int = 0
    profile_misses: int = 0
    analysis_hits: int = 0
    analysis_misses: int = 0
    cached_tokens: int = 0
    fresh_tokens: int = 0


@dataclass(frozen=True, slots=True)
class CacheItem:
    """Hits in three caches.

    `profiles`: runs that needed no scrape. `analyses`: orders (`POST /v1/analyses`) that an active or fresh analysis answered, without
    a charge; from data points, so a few may be missing. `prompt_tokens`: tokens that models read from their provider's cache.
    """

    at: datetime
    profiles: Hits
    analyses: Hits
    prompt_tokens: Hits


class Cache(OfPeriod, frozen=True):
    """`totals.at` is the beginning of the period. `items` in the order of time."""

    bucket: Bucket
    totals: CacheItem
    items: list[CacheItem]


def cache(period: Period, bucket: Bucket, counted: Iterable[CacheCounts]) -> Cache:
    """`counted`: several entries for the same time add up."""
    by_moment: dict[datetime, CacheCounts] = {}
    totals = CacheCounts(period.start)
    for one in counted:
        by_moment[one.at] = _added(by_moment.get(one.at, CacheCounts(one.at)), one)
        totals = _added(totals, one)
    items = [_item(by_moment[at]) for at in sorted(by_moment)]
    return Cache(period.start, period.end, bucket, _item(totals), items)


def _added(one: CacheCounts, other: CacheCounts) -> CacheCounts:
    return CacheCounts(
        one.at,
        one.profile_hits + other.profile_hits,
        one.profile_misses + other.profile_misses,
        one.analysis_hits + other.analysis_hits,
        one.analysis_misses + other.analysis_misses,
        one.cached_tokens + other.cached_tokens,
        one.fresh_tokens + other.fresh_tokens,
    )


def _item(one: CacheCounts) -> CacheItem:
    return CacheItem(
        one.at,
        _hits(one.profile_hits, one.profile_misses),
        _hits(one.analysis_hits, one.analysis_misses),
        _hits(one.cached_tokens, one.fresh_tokens),
    )


def _hits(hits: int, misses: int) -> Hits:
    return Hits(hits, misses, round(hits / (hits + misses), 4) if hits + misses else None)
