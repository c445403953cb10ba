"""How often the profile posts."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from oslira_analysis.domain.facts.metric import MIN_POSTS, Metric, evenness, known, too_few, unknown
from oslira_analysis.domain.profile import Post, Profile

_WEEK: Final = timedelta(weeks=1)
_DAY: Final = timedelta(days=1)
_DATED: Final = "posts that are not pinned and have a date"


@dataclass(frozen=True, slots=True)
class Cadence:
    """From the dates of the profile's own posts; pinned ones are out of order and count only as the latest post.

    posts_per_week: (posts − 1) / weeks between the oldest and the newest. A span below a day is taken as a day: an item
    holds 12 posts at most, so the real rate of such a day can't be seen. `posts_per_week_is_lower_bound` says so.
    days_since_last_post: from the newest post to now, at least 0.
    regularity: 1 − coefficient of variation of the gaps between posts, at least 0; 1 is like clockwork; 3 gaps needed.
    """

    posts_per_week: Metric
    posts_per_week_is_lower_bound: bool
    days_since_last_post: Metric
    regularity: Metric


def measure_cadence(profile: Profile, *, now: datetime) -> Cadence:
    """`now` has an offset."""
    dates = sorted(_dates(profile.unpinned_posts))
    return Cadence(
        posts_per_week=_posts_per_week(dates),
        posts_per_week_is_lower_bound=len(dates) >= MIN_POSTS and dates[-1] - dates[0] < _DAY,
        days_since_last_post=_days_since_last(_dates(profile.own_posts), now),
        regularity=_regularity(dates),
    )


def _dates(posts: tuple[Post, ...]) -> list[datetime]:
    return [post.posted_at for post in posts if post.posted_at is not None]


def _posts_per_week(dates: list[datetime]) -> Metric:
    if len(dates) < MIN_POSTS:
        return too_few(_DATED, there=len(dates))
    return known((len(dates) - 1) / (max(dates[-1] - dates[0], _DAY) / _WEEK))


def _days_since_last(dates: list[datetime], now: datetime) -> Metric:
    return (
        known(max((now - max(dates)) // _DAY, 0)) if dates else too_few("post with a date", there=0, needed=1)
    )


def _regularity(dates: list[datetime]) -> Metric:
    gaps = [(later - earlier) / _DAY for earlier, later in pairwise(dates)]
    if len(gaps) < MIN_POSTS:
        return too_few(_DATED, there=len(dates), needed=MIN_POSTS + 1)
    return known(evenness(gaps)) if any(gaps) else unknown("all posts have the same date")
