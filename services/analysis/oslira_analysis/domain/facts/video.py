"""Video view metrics."""

from dataclasses import dataclass
from typing import Final

from oslira_analysis.domain.facts.metric import Metric, mean, unknown
from oslira_analysis.domain.profile import Profile

_MIN_VIDEOS: Final = 2
_VIDEOS: Final = "videos that are not pinned and show their views"


@dataclass(frozen=True, slots=True)
class Video:
    """Over the posts that are not pinned and have a view count (the larger of plays and views, if both are present).

    views_per_video: mean. views_per_follower: mean of views / followers.
    interactions_per_view: mean of (likes + comments) / views, over those that show likes and were viewed.
    """

    videos: int
    views_per_video: Metric
    views_per_follower: Metric
    interactions_per_view: Metric


def measure_video(profile: Profile) -> Video:
    posts = [post for post in profile.unpinned_posts if post.video_views is not None]
    views = [post.video_views or 0 for post in posts]
    reactions = [
        ((post.likes or 0) + (post.comments or 0)) / post.video_views
        for post in posts
        if post.video_views and post.likes is not None
    ]
    return Video(
        videos=len(posts),
        views_per_video=mean(views, of=_VIDEOS, needed=_MIN_VIDEOS),
        views_per_follower=_per_follower(views, profile.followers),
        interactions_per_view=mean(reactions, of="viewed videos that show their likes", needed=_MIN_VIDEOS),
    )


def _per_follower(views: list[int], followers: int | None) -> Metric:
    if not followers:
        return unknown("the follower count is unknown" if followers is None else "there are no followers")
    return mean([count / followers for count in views], of=_VIDEOS, needed=_MIN_VIDEOS)
