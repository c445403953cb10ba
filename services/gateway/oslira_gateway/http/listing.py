"""Lists: `{items, next_cursor}`, paged by key, so that a page never shifts when rows are added."""

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Generic, Self, TypeVar
from uuid import UUID

from oslira_shared.errors import OsliraError

DEFAULT_LIMIT: Final = 20
MAX_LIMIT: Final = 100
ItemT = TypeVar("ItemT")


@dataclass(frozen=True, slots=True)
class Page(Generic[ItemT]):
    """Some items; `next_cursor` is null on the last page."""

    items: list[ItemT]
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row of a page of rows ordered by (created_at, id), newest first. It names a place, it grants nothing."""

    created_at: datetime
    row_id: UUID

    def encode(self) -> str:
        """As it stands in next_cursor."""
        return base64.urlsafe_b64encode(f"{self.created_at.isoformat()}|{self.row_id}".encode()).decode()

    @classmethod
    def decode(cls, text: str) -> Self:
        """Raises OsliraError `invalid_request` for anything that encode() didn't make."""
        try:
            moment, row_id = base64.urlsafe_b64decode(text.encode()).decode().split("|")
            return cls(datetime.fromisoformat(moment).astimezone(UTC), UUID(row_id))
        except (ValueError, OverflowError, binascii.Error) as error:
            raise OsliraError("invalid_request", "The cursor is not one that a list returned.") from error
