"""How established the account is."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from oslira_analysis.domain.facts.metric import Metric, known, unknown
from oslira_analysis.domain.profile import Profile

Stage = Literal["new", "growing", "established"]

_GROWING_POSTS: Final = 12
_ESTABLISHED_POSTS: Final = 100
_ESTABLISHED_DAYS: Final = 365


@dataclass(frozen=True, slots=True)
class Maturity:
    """age_days: from the month of joining (the item's `about`, rarely present) to now.

    stage: new below 12 posts or where Instagram says "joined recently"; established from 100 posts, if the account
    isn't known to be younger than a year; growing between. None when the number of posts is unknown. The thresholds are
    our defaults.
    """

    age_days: Metric
    posts_total: int | None
    highlights: int | None
    stage: Stage | None


def measure_maturity(profile: Profile, *, now: datetime) -> Maturity:
    age_days = (
        unknown("the item does not say when the account was made")
        if profile.joined_on is None
        else known(max((now.date() - profile.joined_on).days, 0))
    )
    return Maturity(
        age_days=age_days,
        posts_total=profile.posts_count,
        highlights=profile.highlights,
        stage=_stage(profile, age_days.value),
    )


def _stage(profile: Profile, age_days: float | None) -> Stage | None:
    if profile.posts_count is None:
        return None
    if profile.joined_recently or profile.posts_count < _GROWING_POSTS:
        return "new"
    is_young = age_days is not None and age_days < _ESTABLISHED_DAYS
    return "established" if profile.posts_count >= _ESTABLISHED_POSTS and not is_young else "growing"
