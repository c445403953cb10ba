"""A public Instagram profile as scraped: texts are cleaned, sizes are bounded, absent fields are None."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal

MAX_POSTS: Final = 12
MAX_CAPTION: Final = 2_200
MAX_BIOGRAPHY: Final = 1_000

PostType = Literal["image", "video", "sidecar", "other"]


@dataclass(frozen=True, slots=True)
class Post:
    """One of the latest posts. `ref` is "post:1" … by position; it names the post to models and in evidence.

    `likes` is None when unknown, and also when its owner hides it (`likes_hidden`). `comments` is None when unknown
    or switched off. `pinned` is None when the item doesn't say, which is most often a post that isn't pinned.
    `is_own` is False for a collaboration that another profile published: its likes are of that profile's audience.
    """

    ref: str
    shortcode: str | None
    type: PostType
    is_reel: bool
    caption: str
    hashtags: tuple[str, ...]
    mentions: tuple[str, ...]
    location: str | None
    likes: int | None
    likes_hidden: bool
    comments: int | None
    video_views: int | None
    posted_at: datetime | None
    pinned: bool | None
    is_own: bool


@dataclass(frozen=True, slots=True)
class Profile:
    """Counts are None when the item lacks them; `posts` are the latest, pinned ones first, at most 12.

    `links_known` is False for a reduced item that has no field for links, so that none is no finding.
    """

    username: str
    full_name: str
    biography: str
    category: str | None
    external_url: str | None
    external_links: tuple[str, ...]
    links_known: bool
    avatar_url: str | None
    country: str | None
    joined_on: date | None
    followers: int | None
    follows: int | None
    posts_count: int | None
    highlights: int | None
    is_business: bool | None
    is_verified: bool | None
    is_private: bool | None
    joined_recently: bool | None
    posts: tuple[Post, ...]

    @property
    def own_posts(self) -> tuple[Post, ...]:
        """Without those of other owners."""
        return tuple(post for post in self.posts if post.is_own)

    @property
    def unpinned_posts(self) -> tuple[Post, ...]:
        """The own posts that metrics are computed from. Pinned posts are selected for their success and are out of order in time."""
        return tuple(post for post in self.own_posts if not post.pinned)
