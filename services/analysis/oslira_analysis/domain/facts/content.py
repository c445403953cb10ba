"""What the posts say and whom they point to."""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from oslira_analysis.domain.facts.figure import Figure, mean, share
from oslira_analysis.domain.profile import Profile

_POSTS: Final = "posts that are not pinned"
_TOP: Final = 8


@dataclass(frozen=True, slots=True)
class Content:
    """Over the posts that are not pinned.

    hashtags_per_post, mentions_per_post: means of the distinct ones. caption_length: mean, in characters, at most
    2,200 each. captioned, located: shares of the posts with a caption, with a location. top_hashtags: the most used,
    in lower case, ties by first appearance.
    """

    hashtags_per_post: Figure
    mentions_per_post: Figure
    caption_length: Figure
    captioned: Figure
    located: Figure
    top_hashtags: tuple[str, ...]


def measure_content(profile: Profile) -> Content:
    posts = profile.unpinned_posts
    tags = Counter(tag.lower() for post in posts for tag in post.hashtags)
    return Content(
        hashtags_per_post=mean([len(post.hashtags) for post in posts], of=_POSTS),
        mentions_per_post=mean([len(post.mentions) for post in posts], of=_POSTS),
        caption_length=mean([len(post.caption) for post in posts], of=_POSTS),
        captioned=share([bool(post.caption) for post in posts], of=_POSTS),
        located=share([post.location is not None for post in posts], of=_POSTS),
        top_hashtags=tuple(tag for tag, _ in tags.most_common(_TOP)),
    )
