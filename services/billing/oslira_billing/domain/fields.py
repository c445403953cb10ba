"""Reading Stripe's objects: nested JSON in which any part may be missing, null, or expanded."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

StripeObject: TypeAlias = Mapping[str, Any]


def at(value: Any, *path: str) -> Any:
    """The value at `path`, or None where any part of it is missing."""
    for key in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value


def text(value: StripeObject, *path: str) -> str | None:
    """A string that isn't empty."""
    found = at(value, *path)
    return found if isinstance(found, str) and found else None


def number(value: StripeObject, *path: str) -> int | None:
    """An integer."""
    found = at(value, *path)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def moment(value: StripeObject, *path: str) -> datetime | None:
    """Stripe's times are Unix seconds."""
    seconds = number(value, *path)
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def reference(value: StripeObject, *path: str) -> str | None:
    """The id of another object, which may be expanded."""
    found = at(value, *path)
    return text(found, "id") if isinstance(found, Mapping) else text(value, *path)


def rows(value: StripeObject, *path: str) -> list[StripeObject]:
    """The objects of a Stripe list."""
    found = at(value, *path, "data")
    return [row for row in found if isinstance(row, Mapping)] if isinstance(found, list) else []
