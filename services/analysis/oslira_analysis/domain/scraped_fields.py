"""Fields of a scraped item, read one by one: an absent, null or odd value is None, never an error."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, cast

from oslira_analysis.domain.text import clean_text

MAX_COUNT: Final = 10**12

Item = Mapping[str, Any]


def as_item(value: object) -> Item | None:
    """A JSON object, or None."""
    return cast("Item", value) if isinstance(value, Mapping) else None


def list_of(item: Item, key: str, *, limit: int) -> list[Any]:
    """The first `limit` elements of a JSON array; [] for anything else."""
    value = item.get(key)
    return cast("list[Any]", value)[:limit] if isinstance(value, list) else []


def text(item: Item, key: str, *, limit: int) -> str | None:
    """A cleaned text of at most `limit` characters; None when nothing of it can be seen."""
    value = item.get(key)
    return (clean_text(value, limit) or None) if isinstance(value, str) else None


def count(item: Item, key: str) -> int | None:
    """A number of things, 0 or more."""
    value = item.get(key)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= MAX_COUNT else None


def flag(item: Item, key: str) -> bool | None:
    value = item.get(key)
    return value if isinstance(value, bool) else None


def url(item: Item, key: str, *, limit: int = 2_000) -> str | None:
    """An http(s) address. One that is too long is left out, since half an address is none."""
    value = text(item, key, limit=limit + 1)
    if value is None or len(value) > limit or any(c.isspace() for c in value):
        return None
    return value if value.lower().startswith(("http://", "https://")) else None


def instant(item: Item, key: str) -> datetime | None:
    """An ISO 8601 timestamp in UTC; without an offset it is taken as UTC."""
    value = item.get(key)
    if not isinstance(value, str):
        return None
    try:
        parsed = datetime.fromisoformat(value)
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def instant_of_seconds(item: Item, key: str) -> datetime | None:
    """Seconds since 1970."""
    seconds = count(item, key)
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
