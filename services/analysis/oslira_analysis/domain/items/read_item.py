"""Parse a dataset item of `apify/instagram-profile-scraper` into a Profile, or into the reason why there is none.

Items differ by age and by who reduced them: ids, hashtags and links may be absent, `businessCategoryName` may be
"None" or "None,Entrepreneur", `likesCount` -1 stands for hidden. Only a name and one sign of a profile are required.
"""

import re
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, cast

from oslira_analysis.domain import scraped_fields as fields
from oslira_analysis.domain.items.error_items import (
    UnavailableReason,
    is_error_item,
    reports_block,
    verdict_of,
)
from oslira_analysis.domain.items.item_identity import handle, own_posts
from oslira_analysis.domain.profile import MAX_BIOGRAPHY, MAX_CAPTION, MAX_POSTS, Post, PostType, Profile
from oslira_analysis.domain.scraped_fields import Item

_HIDDEN_LIKES: Final = -1
_CLOCKS_DIFFER: Final = timedelta(days=1)
_PROFILE_SIGNS: Final = ("followersCount", "biography", "latestPosts", "postsCount", "fullName", "private")
_FIELDS: Final = (
    "id", "username", "fullName", "biography", "businessCategoryName", "externalUrl", "externalUrls", "profilePicUrl",
    "profilePicUrlHD", "about", "followersCount", "followsCount", "postsCount", "highlightReelCount", "isBusinessAccount",
    "verified", "private", "joinedRecently",
)  # fmt: skip
_POST_FIELDS: Final = (
    "type", "shortCode", "productType", "caption", "hashtags", "mentions", "locationName", "likesCount", "commentsCount",
    "isCommentsDisabled", "videoPlayCount", "videoViewCount", "timestamp", "isPinned", "ownerUsername", "ownerId",
)  # fmt: skip
_NOTHING: Final = (None, "", [], {}, False)
_MOST_KEPT_CHARS: Final = 10_000
_MOST_KEPT_PARTS: Final = 100
_MOST_KEPT_DEPTH: Final = 4
_TYPES: Final[dict[str, PostType]] = {"Image": "image", "Video": "video", "Sidecar": "sidecar"}
_HASHTAG: Final = re.compile(r"#(\w{1,100})")
_MENTION: Final = re.compile(r"(?<![\w.])@([A-Za-z0-9_.]{1,30})")
_HANDLE: Final = re.compile(r"[A-Za-z0-9_.]{1,30}")


class ProfileUnavailable(Exception):  # noqa: N818
    """The scraper worked, and there is no profile to read. Final: a retry gives the same result."""

    def __init__(self, reason: UnavailableReason) -> None:
        super().__init__(reason)
        self.reason: UnavailableReason = reason


class MalformedItem(ValueError):  # noqa: N818
    """The item is neither a profile nor a known error item. A scraper fault, so a retry may give another result."""


def read_item(item: object, *, now: datetime | None = None) -> Profile:
    """The profile in one dataset item. Raises ProfileUnavailable or MalformedItem.

    `now`: dates more than a day after it are left out; default: the current time.
    """
    found = fields.as_item(item)
    if found is None:
        raise MalformedItem("a JSON object is needed")
    _reject_error_item(found)
    username = handle(found, "username")
    if username is None or not any(sign in found for sign in _PROFILE_SIGNS):
        raise MalformedItem("no username, or no other field of a profile")
    links = _links(found)
    about = fields.as_item(found.get("about")) or {}
    latest = (now or datetime.now(UTC)) + _CLOCKS_DIFFER
    return Profile(
        username=username,
        full_name=fields.text(found, "fullName", limit=100) or "",
        biography=fields.text(found, "biography", limit=MAX_BIOGRAPHY) or "",
        category=_category(found),
        external_url=fields.url(found, "externalUrl", limit=500) or next(iter(links), None),
        external_links=links,
        links_known="externalUrl" in found or "externalUrls" in found,
        avatar_url=fields.url(found, "profilePicUrlHD") or fields.url(found, "profilePicUrl"),
        country=fields.text(about, "country", limit=60),
        joined_on=_joined_on(about, latest),
        followers=fields.count(found, "followersCount"),
        follows=fields.count(found, "followsCount"),
        posts_count=fields.count(found, "postsCount"),
        highlights=fields.count(found, "highlightReelCount"),
        is_business=fields.flag(found, "isBusinessAccount"),
        is_verified=fields.flag(found, "verified"),
        is_private=fields.flag(found, "private"),
        joined_recently=fields.flag(found, "joinedRecently"),
        posts=_posts(found, latest),
    )


def reduced(item: Item, *, keeping: Collection[str] = ()) -> dict[str, Any]:
    """The fields that are read, and those in `keeping`. Related profiles, comments and pictures of other people are not stored."""
    listed = map(fields.as_item, fields.list_of(item, "latestPosts", limit=MAX_POSTS))
    read = ({key: _cut(post[key]) for key in _POST_FIELDS if key in post} for post in listed if post)
    # An error or a placeholder in the list of posts is not a post.
    posts = [post for post in read if any(value not in _NOTHING for value in post.values())]
    kept = {key: _cut(item[key]) for key in (*_FIELDS, *keeping) if key in item}
    return {**kept, "latestPosts": posts} if "latestPosts" in item else kept


def _cut(value: Any, *, depth: int = 0) -> Any:
    """A bound far above what is read of any field."""
    if isinstance(value, str):
        return value[:_MOST_KEPT_CHARS]
    if depth == _MOST_KEPT_DEPTH:
        return None
    if isinstance(value, list):
        return [_cut(part, depth=depth + 1) for part in cast("list[Any]", value)[:_MOST_KEPT_PARTS]]
    if isinstance(value, Mapping):
        parts = list(cast("Item", value).items())[:_MOST_KEPT_PARTS]
        return {str(key)[:_MOST_KEPT_PARTS]: _cut(part, depth=depth + 1) for key, part in parts}
    return value


def _reject_error_item(item: Item) -> None:
    if not is_error_item(item):
        return
    if reports_block(item) or (reason := verdict_of(item)) is None:
        raise MalformedItem("an error item that is not a result about the profile")
    raise ProfileUnavailable(reason)


def _category(item: Item) -> str | None:
    parts = (part.strip() for part in (fields.text(item, "businessCategoryName", limit=100) or "").split(","))
    return ", ".join(part for part in parts if part and part != "None") or None


def _links(item: Item) -> tuple[str, ...]:
    listed = (fields.as_item(link) for link in fields.list_of(item, "externalUrls", limit=10))
    return tuple(url for link in listed if link and (url := fields.url(link, "url", limit=500)))


def _joined_on(about: Item, latest: datetime) -> date | None:
    joined = fields.instant(about, "date_joined_as_timestamp", not_after=latest)
    return joined.date() if joined else None


def _posts(item: Item, latest: datetime) -> tuple[Post, ...]:
    listed = (fields.as_item(post) for post in fields.list_of(item, "latestPosts", limit=MAX_POSTS))
    raw = [post for post in listed if post]
    owned = own_posts(item, raw)
    return tuple(
        _post(post, f"post:{position}", is_own=is_own, latest=latest)
        for position, (post, is_own) in enumerate(zip(raw, owned, strict=True), start=1)
    )


def _post(item: Item, ref: str, *, is_own: bool, latest: datetime) -> Post:
    caption = fields.text(item, "caption", limit=MAX_CAPTION) or ""
    views = fields.count(item, "videoPlayCount"), fields.count(item, "videoViewCount")
    return Post(
        ref=ref,
        shortcode=fields.text(item, "shortCode", limit=40),
        type=_TYPES.get(str(item.get("type")), "other"),
        is_reel=item.get("productType") == "clips",
        caption=caption,
        hashtags=_hashtags(item, caption),
        mentions=_mentions(item, caption),
        location=fields.text(item, "locationName", limit=100),
        likes=fields.count(item, "likesCount"),
        likes_hidden=fields.number(item, "likesCount") == _HIDDEN_LIKES,
        comments=None if item.get("isCommentsDisabled") is True else fields.count(item, "commentsCount"),
        video_views=max((view for view in views if view is not None), default=None),
        posted_at=fields.instant(item, "timestamp", not_after=latest),
        pinned=fields.flag(item, "isPinned"),
        is_own=is_own,
    )


def _hashtags(item: Item, caption: str) -> tuple[str, ...]:
    """The listed ones; older items have no list, so they are read from the caption."""
    listed = item.get("hashtags")
    if not isinstance(listed, list):
        return _distinct(_HASHTAG.findall(caption), limit=30)
    tags = (fields.text({"tag": tag}, "tag", limit=100) for tag in fields.list_of(item, "hashtags", limit=30))
    return _distinct([tag for tag in tags if tag], limit=30)


def _mentions(item: Item, caption: str) -> tuple[str, ...]:
    """The actor includes characters that follow in the text ("name.", "name!!"), so only the handle is used."""
    listed = item.get("mentions")
    if not isinstance(listed, list):
        handles = _MENTION.findall(caption)
    else:
        texts = [
            mention for mention in fields.list_of(item, "mentions", limit=20) if isinstance(mention, str)
        ]
        handles = [match.group() for mention in texts if (match := _HANDLE.match(mention.removeprefix("@")))]
    return _distinct([name for handle in handles if (name := handle.strip(".").lower())], limit=20)


def _distinct(names: list[str], *, limit: int) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))[:limit]
