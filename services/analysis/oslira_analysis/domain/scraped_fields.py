"""Fields of a scraped item, read one by one: an absent, null or odd value is None, never an error."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, cast

from oslira_analysis.domain.text import clean_text

MAX_COUNT: Final = 10**12

_MAX_NUMBER_CHARS: Final = 30
# Thousands with one kind of separator, also India's 12,34,567; cents that say nothing may follow.
_GROUPED: Final = re.compile(
    "([1-9][0-9]{0,2}([.,' \u00a0\u2009\u202f\u2019])(?:[0-9]{2,3}\\2)*[0-9]{3})(?:[.,]00?)?"
)
_NOT_DIGITS: Final = re.compile("[^0-9]")
_DECIMAL: Final = re.compile(r"(-?[0-9]+(?:[.,][0-9]+)?) ?([kmb]?)", re.IGNORECASE)
_UNITS: Final = {"": 1, "k": 1_000, "m": 1_000_000, "b": 1_000_000_000}
_EPOCH: Final = re.compile(r"[0-9]{9,16}(?:\.[0-9]+)?")
_FIRST_DAY: Final = datetime(2010, 10, 6, tzinfo=UTC)  # the day Instagram opened
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
    """A cleaned text of at most `limit` characters; None when nothing of it can be seen."""
    value = item.get(key)
    return (clean_text(value, limit) or None) if isinstance(value, str) else None


def number(item: Item, key: str) -> int | None:
    """A whole number: 12345, 12345.0, "12345", "12,345", "12.345", "12 345", "4.2k". Exports carry counts as floats and texts."""
    value = item.get(key)
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return _number_in(value)
    if isinstance(value, float):
        return int(value) if value.is_integer() else None  # false for infinity and NaN
    return value if isinstance(value, int) else None


def count(item: Item, key: str) -> int | None:
    """A number of things, 0 or more."""
    value = number(item, key)
    return value if value is not None and 0 <= value <= MAX_COUNT else None


def _number_in(text: str) -> int | None:
    plain = text.strip()[:_MAX_NUMBER_CHARS]
    if (grouped := _GROUPED.fullmatch(plain)) is not None:
        return int(_NOT_DIGITS.sub("", grouped[1]))
    if (written := _DECIMAL.fullmatch(plain)) is None:
        return None
    digits, unit = written.groups()
    value = Decimal(digits.replace(",", ".")) * _UNITS[unit.lower()]
    return int(value) if value == int(value) else None


def flag(item: Item, key: str) -> bool | None:
    """True, or "true" as exports write it."""
    value = item.get(key)
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    return value if isinstance(value, bool) else None


def url(item: Item, key: str, *, limit: int = 2_000) -> str | None:
    """An http(s) address. One that is too long is left out, since half an address is none."""
    value = text(item, key, limit=limit + 1)
    if value is None or len(value) > limit or any(c.isspace() for c in value):
        return None
    return value if value.lower().startswith(("http://", "https://")) else None


def instant(item: Item, key: str, *, not_after: datetime) -> datetime | None:
    """A moment in UTC, from Instagram's first day to `not_after`; outside of that a date is a placeholder or a mistake.

    ISO 8601 (taken as UTC without an offset), or seconds, milliseconds or microseconds since 1970.
    """
    value = item.get(key)
    since_1970 = number(item, key) if not isinstance(value, str) or _EPOCH.fullmatch(value.strip()) else None
    try:
        if since_1970 is not None:
            found = datetime.fromtimestamp(since_1970 / _scale(since_1970), UTC)
        elif isinstance(value, str):
            parsed = datetime.fromisoformat(value.strip())
            found = parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
        else:
            return None
    except (ValueError, OverflowError, OSError):
        return None
    return found if _FIRST_DAY <= found <= not_after else None


def _scale(since_1970: int) -> int:
    """How many of the number's units make a second, by its size: as seconds these would be years after 5138."""
    for scale in (1_000_000, 1_000):
        if since_1970 >= _FAR_FUTURE_S * scale / 1_000:
            return scale
    return 1
