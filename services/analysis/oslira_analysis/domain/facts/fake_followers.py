"""Signs that followers were bought or traded."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from oslira_analysis.domain.facts.engagement import Engagement
from oslira_analysis.domain.facts.metric import Metric, known, unknown
from oslira_analysis.domain.profile import Profile

Level = Literal["low", "medium", "high"]

_MIN_FOLLOWERS: Final = 100
_LARGE: Final = 10_000
_MEDIUM_FROM: Final = 25
_HIGH_FROM: Final = 50
# The points of each warning. Points and thresholds are our defaults; there is no public formula to cite.
_POINTS: Final = {
    "engagement_far_below_usual": 35,  # below a fifth of the tier's usual rate
    "engagement_implausibly_high": 15,  # above ten times the usual, from 1,000 followers on
    "almost_no_comments": 15,  # below 2 comments per 1,000 likes, at 100 likes a post or more
    "likes_all_alike": 20,  # consistency above 0.97 over 6 posts of 50 likes or more: bought in packs
    "follows_far_more_than_followers": 20,  # follows over twice the followers, and over 1,500
    "follows_near_the_limit": 15,  # Instagram's limit is 7,500
    "few_posts_for_many_followers": 25,  # below 10 posts at 10,000 followers or more
    "new_account_with_many_followers": 20,  # "joined recently" at 10,000 followers or more
    "no_biography_and_no_link": 10,  # at 10,000 followers or more
}


@dataclass(frozen=True, slots=True)
class FakeFollowers:
    """risk: the points of the warnings, at most 100. level: low below 25, medium below 50, else high. A heuristic, not proof.

    A verified badge does not reduce it: Meta sells it. Null below 100 followers, and where engagement is unknown and the
    other warnings do not reach "medium" by themselves: without reactions, few warnings are no sign of real followers.
    """

    risk: Metric
    level: Level | None
    warnings: tuple[str, ...]


def measure_fake_followers(profile: Profile, engagement: Engagement) -> FakeFollowers:
    if profile.followers is None:
        return FakeFollowers(unknown("the follower count is unknown"), None, ())
    if profile.followers < _MIN_FOLLOWERS:
        return FakeFollowers(
            unknown(f"{_MIN_FOLLOWERS} followers are needed, {profile.followers} are there"), None, ()
        )
    warnings = (
        *_audience_warnings(profile, profile.followers),
        *_reaction_warnings(engagement, profile.followers),
    )
    risk = min(sum(_POINTS[warning] for warning in warnings), 100)
    if engagement.versus_typical.reason is not None and risk < _MEDIUM_FROM:
        return FakeFollowers(unknown(engagement.versus_typical.reason), None, warnings)
    return FakeFollowers(known(risk), _level(risk), warnings)


def _level(risk: int) -> Level:
    if risk >= _HIGH_FROM:
        return "high"
    return "medium" if risk >= _MEDIUM_FROM else "low"


def _audience_warnings(profile: Profile, followers: int) -> Iterator[str]:
    follows = profile.follows or 0
    if follows > max(2 * followers, 1_500):
        yield "follows_far_more_than_followers"
    if follows >= 7_000:  # noqa: PLR2004
        yield "follows_near_the_limit"
    if followers < _LARGE:
        return
    if profile.posts_count is not None and profile.posts_count < 10:  # noqa: PLR2004
        yield "few_posts_for_many_followers"
    if profile.joined_recently:
        yield "new_account_with_many_followers"
    if not profile.biography and not profile.external_url:
        yield "no_biography_and_no_link"


def _reaction_warnings(engagement: Engagement, followers: int) -> Iterator[str]:
    versus, likes = engagement.versus_typical.value, engagement.likes_per_post.value or 0
    comments = engagement.comment_to_like.value
    if versus is not None and versus < 0.2:  # noqa: PLR2004
        yield "engagement_far_below_usual"
    if versus is not None and versus > 10 and followers >= 1_000:  # noqa: PLR2004
        yield "engagement_implausibly_high"
    if likes >= 100 and comments is not None and comments < 0.002:  # noqa: PLR2004
        yield "almost_no_comments"
    is_alike = (engagement.consistency.value or 0) > 0.97  # noqa: PLR2004
    if is_alike and likes >= 50 and engagement.countable_posts >= 6:  # noqa: PLR2004
        yield "likes_all_alike"
