"""The identity of a scraped item: its names and ids, and which of its posts it owns."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, cast

from oslira_analysis.domain import scraped_fields as fields
from oslira_analysis.domain.profile import MAX_POSTS
from oslira_analysis.domain.scraped_fields import Item

# Set on an item whose posts were all removed, so that they are not treated as missing when it is read again.
POSTS_LEFT_OUT: Final = "osliraPostsLeftOut"
MAX_HANDLE: Final = 30
_MAX_ID: Final = 40
_MOST_FORMER: Final = 20
_FORMER: Final = tuple(
    f"{old}{end}"
    for old in ("former", "previous", "old")
    for end in ("Username", "Usernames", "_username", "_usernames")
)


def handle(item: Item, key: str) -> str | None:
    """A username in the form for comparison: no @, lower case."""
    name = fields.text(item, key, limit=MAX_HANDLE + 1)
    return None if name is None else name.removeprefix("@").lower()


def profile_id(item: Item, key: str = "id") -> str | None:
    """Instagram's own id, as a text of digits; it does not change when a profile is renamed."""
    if isinstance(value := item.get(key), str):
        plain = value.strip()
        return plain if plain.isascii() and plain.isdigit() and len(plain) <= _MAX_ID else None
    return str(found) if (found := fields.number(item, key) or 0) > 0 else None


def id_name(found_id: str) -> str:
    """An id in a list of names: no username has a colon."""
    return f"id:{found_id}"


def former_names(item: Item) -> frozenset[str]:
    """The former names that the item lists."""
    about = fields.as_item(item.get("about")) or {}
    listed = [one for source in (item, about) for key in _FORMER for one in _as_list(source.get(key))]
    texts = [fields.as_item(one) or {"username": one} for one in listed[:_MOST_FORMER]]
    return frozenset(name for text in texts if (name := handle(text, "username")) is not None)


def names_of(item: Item) -> tuple[frozenset[str], frozenset[str]]:
    """(all names and ids of the profile, those of other profiles that published some of its posts); ids as `id_name`."""
    posts = [
        post for post in map(fields.as_item, fields.list_of(item, "latestPosts", limit=MAX_POSTS)) if post
    ]
    owners = [_names(post, name="ownerUsername", number="ownerId") for post in posts]
    own = [names for names, is_own in zip(owners, own_posts(item, posts), strict=True) if is_own]
    nested = [fields.as_item(item.get(key)) or {} for key in ("about", "owner", "user")]
    mine = frozenset[str]().union(
        _names(item),
        _names(item, name="ownerUsername", number="ownerId"),
        former_names(item),
        *map(_names, nested),
        *own,
    )
    return mine, frozenset[str]().union(*owners) - mine


def without_posts_of(item: Mapping[str, Any], erased: Collection[str]) -> dict[str, Any]:
    """The item without the posts that one of these published; `erased` as in `names_of`.

    If none remains, the count is removed too and the item is marked: the posts are not missing because of a scrape failure.
    """
    posts = [
        post
        for post in fields.list_of(item, "latestPosts", limit=MAX_POSTS)
        if not _names(fields.as_item(post) or {}, name="ownerUsername", number="ownerId").intersection(erased)
    ]
    return {**item, "latestPosts": posts} | ({} if posts else {"postsCount": None, POSTS_LEFT_OUT: True})


def _names(item: Item, *, name: str = "username", number: str = "id") -> frozenset[str]:
    found_id = profile_id(item, number)
    return frozenset(filter(None, (handle(item, name), found_id and id_name(found_id))))


def _as_list(value: object) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else [value]


def own_posts(item: Item, posts: Sequence[Item]) -> list[bool]:
    """For each post whether the profile published it. A post without an owner is the profile's.

    If no post names the profile, the owner of more than half of them is treated as the profile: reduced items replace names
    and ids.
    """
    owners = [(profile_id(post, "ownerId"), handle(post, "ownerUsername")) for post in posts]
    mine = profile_id(item), handle(item, "username")
    if not any(_is_same(owner, mine) for owner in owners):
        most_common = Counter(owner for owner in owners if any(owner)).most_common(1)
        if most_common and 2 * most_common[0][1] > len(posts):
            mine = most_common[0][0]
    return [not any(owner) or _is_same(owner, mine) for owner in owners]


def _is_same(one: tuple[str | None, str | None], other: tuple[str | None, str | None]) -> bool:
    """Compared by id if both have one, else by name."""
    if one[0] is not None and other[0] is not None:
        return one[0] == other[0]
    return one[1] is not None and one[1] == other[1]
