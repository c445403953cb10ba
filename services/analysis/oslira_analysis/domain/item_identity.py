"""Whose a scraped item is: its names and ids, and which of its posts are its own."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from oslira_analysis.domain import scraped_fields as fields
from oslira_analysis.domain.scraped_fields import Item

MAX_HANDLE: Final = 30
_MAX_ID: Final = 40


def handle(item: Item, key: str) -> str | None:
    """A username in the one form that names are compared in: no @, small letters."""
    name = fields.text(item, key, limit=MAX_HANDLE + 1)
    return None if name is None else name.removeprefix("@").lower()


def profile_id(item: Item, key: str = "id") -> str | None:
    """Instagram's own id, as a text of digits; it stays when a profile is renamed."""
    if isinstance(value := item.get(key), str):
        plain = value.strip()
        return plain if plain.isascii() and plain.isdigit() and len(plain) <= _MAX_ID else None
    return str(found) if (found := fields.number(item, key) or 0) > 0 else None


def own_posts(item: Item, posts: Sequence[Item]) -> list[bool]:
    """For each post whether the profile published it. A post that names no owner is the profile's.

    Where no post names the profile, the owner of more than half of them is taken for it: reduced items replace names and ids.
    """
    owners = [(profile_id(post, "ownerId"), handle(post, "ownerUsername")) for post in posts]
    mine = profile_id(item), handle(item, "username")
    if not any(_is_same(owner, mine) for owner in owners):
        most_common = Counter(owner for owner in owners if any(owner)).most_common(1)
        if most_common and 2 * most_common[0][1] > len(posts):
            mine = most_common[0][0]
    return [not any(owner) or _is_same(owner, mine) for owner in owners]


def _is_same(one: tuple[str | None, str | None], other: tuple[str | None, str | None]) -> bool:
    """By id where both have one, else by name."""
    if one[0] is not None and other[0] is not None:
        return one[0] == other[0]
    return one[1] is not None and one[1] == other[1]
