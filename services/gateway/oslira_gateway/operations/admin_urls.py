"""Pages of operators' lists, newest first. Cursors are not signed, because operators may read all rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Self, TypeVar
from uuid import UUID

from oslira_shared.errors import OsliraError

ItemT = TypeVar("ItemT")


@dataclass(frozen=True, slots=True)
class Place:
    """The last row of a page."""

    at: datetime
    id: UUID

    @classmethod
    def read(cls, cursor: str | None) -> Self | None:
        """Raises OsliraError `invalid_request`."""
        if cursor is None:
            return None
        at, _, row_id = cursor.partition("_")
        try:
            place = cls(datetime.fromisoformat(at), UUID(row_id))
        except ValueError as error:
            raise OsliraError("invalid_request", "Invalid cursor.") from error
        if place.at.tzinfo is None:
            raise OsliraError("invalid_request", "Invalid cursor.")
        return place

    def __str__(self) -> str:
        return f"{self.at.isoformat().replace('+00:00', 'Z')}_{self.id}"


@dataclass(frozen=True, slots=True)
class Page(Generic[ItemT]):
    """A page, as in all lists."""

    items: Sequence[ItemT]
    next_cursor: str | None


def page_of(found: Sequence[ItemT], *, limit: int, place_of: Callable[[ItemT], Place]) -> Page[ItemT]:
    """`found` has one more than `limit` if there are more."""
    items = found[:limit]
    return Page(items, str(place_of(items[-1])) if len(found) > limit else None)
