"""Metrics of captions, hashtags and mentions."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from oslira_analysis.domain.facts.metric import Metric, mean, share
from oslira_analysis.domain.profile import Profile

_POSTS: Final = "posts that are not pinned"
_TOP: Final = 8


@dataclass(frozen=True, slots=True)
class Content:
    """Over the posts that are not pinned.

    hashtags_per_post, mentions_per_post: means of the distinct ones. caption_length: mean, in characters, at most
    2,200 each. captioned, located: shares of the posts with a caption, with a location. top_hashtags, top_mentions,
    top_locations: the most used, hashtags and names in lower case, ties by first appearance. Sources: each post's
    `hashtags` (older items: those in its caption), `mentions`, `caption` and `locationName`.
    """

    hashtags_per_post: Metric
    mentions_per_post: Metric
    caption_length: Metric
    captioned: Metric
    located: Metric
    top_hashtags: tuple[str, ...]
    top_mentions: tuple[str, ...]
    top_locations: tuple[str, ...]


def measure_content(profile: Profile) -> Content:
    posts = profile.unpinned_posts
    return Content(
        hashtags_per_post=mean([len(post.hashtags) for post in posts], of=_POSTS),
        mentions_per_post=mean([len(post.mentions) for post in posts], of=_POSTS),
        caption_length=mean([len(post.caption) for post in posts], of=_POSTS),
        captioned=share([bool(post.caption) for post in posts], of=_POSTS),
        located=share([post.location is not None for post in posts], of=_POSTS),
        top_hashtags=_top(tag.lower() for post in posts for tag in post.hashtags),
        top_mentions=_top(name for post in posts for name in post.mentions),
        top_locations=_top(post.location for post in posts if post.location),
    )


def _top(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name, _ in Counter(names).most_common(_TOP))
