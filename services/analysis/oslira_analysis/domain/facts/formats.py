"""Shares of post types."""

from dataclasses import dataclass
from typing import Final

from oslira_analysis.domain.facts.metric import Metric, share
from oslira_analysis.domain.profile import Profile

_POSTS: Final = "posts that are not pinned"


@dataclass(frozen=True, slots=True)
class Formats:
    """Shares of the posts that are not pinned, 0 to 1, by the item's `type`; reels (productType clips) are videos."""

    images: Metric
    videos: Metric
    sidecars: Metric
    reels: Metric


def measure_formats(profile: Profile) -> Formats:
    posts = profile.unpinned_posts
    return Formats(
        images=share([post.type == "image" for post in posts], of=_POSTS),
        videos=share([post.type == "video" for post in posts], of=_POSTS),
        sidecars=share([post.type == "sidecar" for post in posts], of=_POSTS),
        reels=share([post.is_reel for post in posts], of=_POSTS),
    )
