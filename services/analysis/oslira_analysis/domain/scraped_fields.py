"""Fields of a scraped item, read one by one: an absent, null or odd value is None, never an error."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, cast

from oslira_analysis.domain.text import clean_text
from oslira_analysis.domain.written_numbers import read_whole

MAX_COUNT: Final = 10**12

_EPOCH: Final = re.compile(r"[0-9]{9,19}(?:\.[0-9]{1,9})?", re.ASCII)
# How JavaScript writes a date's offset: the standard library's mail date parser reads only "+0100".
_SCRIPT_OFFSET: Final = re.compile(r"\bGMT(?=[+-]\d)")
_FIRST_DAY: Final = datetime(2010, 10, 6, tzinfo=UTC)  # the day Instagram opened
_MAX_DATE_CHARS: Final = 100
_FAR_FUTURE_S: Final = 10**11

Item = Mapping[str, Any]


def as_item(value: object) -> Item | None:
    """A JSON object, or None."""
    return cast("Item", value) if isinstance(value, Mapping) else None


def list_of(item: Item, key: str, *, limit: int) -> list[Any]:
    """The first `limit` elements of a JSON array; [] for anything else."""
    value = item.get(key)
    return cast("list[Any]", value)[:limit] if isinstance(value, list) else []


def text(item: Item, key: str, *, limit: int) -> str | None:
    """A cleaned text of at most `limit` characters; None when it has no visible character."""
    value = item.get(key)
    return (clean_text(value, limit) or None) if isinstance(value, str) else None


def number(item: Item, key: str) -> int | None:
    """A whole number: 12345, 12345.0, "12345", "12,345", "12.345", "12 345", "4.2k". Exports carry counts as floats and texts."""
    value = item.get(key)
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return read_whole(value)
    if isinstance(value, float):
        return int(value) if value.is_integer() else None  # false for infinity and NaN
    return value if isinstance(value, int) else None


def count(item: Item, key: str) -> int | None:
    """A number of things, 0 or more."""
    value = number(item, key)
    return value if value is not None and 0 <= value <= MAX_COUNT else None


def flag(item: Item, key: str) -> bool | None:
    """True, or "true", 1 and "1" as exports write it."""
    value = item.get(key)
    if not isinstance(value, str | int):
        return None
    return {"true": True, "1": True, "false": False, "0": False}.get(str(value).strip().lower())


def url(item: Item, key: str, *, limit: int = 2_000) -> str | None:
    """An http(s) address. None when it is too long: a truncated address is useless."""
    value = text(item, key, limit=limit + 1)
    if value is None or len(value) > limit or any(c.isspace() for c in value):
        return None
    return value if value.lower().startswith(("http://", "https://")) else None


def instant(item: Item, key: str, *, not_after: datetime) -> datetime | None:
    """A timestamp in UTC, from Instagram's first day to `not_after`. Outside that range a date is a placeholder or an error.

    ISO 8601 (taken as UTC without an offset), a mail's or JavaScript's date, or seconds, milliseconds, microseconds or
    nanoseconds since 1970.
    """
    value = item.get(key)
    try:
        found = _timestamp(value)
    except (ValueError, OverflowError, OSError):
        return None
    return found if found is not None and _FIRST_DAY <= found <= not_after else None


def _timestamp(value: object) -> datetime | None:
    if isinstance(value, str):
        plain = value.strip()[:_MAX_DATE_CHARS]
        if not _EPOCH.fullmatch(plain):
            return _parse_timestamp(plain.removesuffix(" UTC"))
        value = float(plain)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return datetime.fromtimestamp(value / _scale(value), UTC)


def _parse_timestamp(text: str) -> datetime:
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        parsed = parsedate_to_datetime(_SCRIPT_OFFSET.sub("", text))
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def _scale(since_1970: float) -> int:
    """How many of the number's units make a second, by its size: as seconds these would be years after 5138."""
    for scale in (1_000_000_000, 1_000_000, 1_000):
        if since_1970 >= _FAR_FUTURE_S * scale / 1_000:
            return scale
    return 1
