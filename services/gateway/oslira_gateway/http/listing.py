"""Lists: `{items, next_cursor}`, with keyset pagination, so that new rows do not shift pages."""

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Final, Generic, Self, TypeVar
from uuid import UUID

from litestar.params import QueryParameter
from oslira_shared.errors import OsliraError

DEFAULT_LIMIT: Final = 20
MAX_LIMIT: Final = 100
# All cursors are base64url. A cursor is a position and grants no access.
CURSOR_PATTERN: Final = "^[A-Za-z0-9_-]+={0,2}$"
MAX_CURSOR_LENGTH: Final = 300
# The largest bigint of Postgres.
_MOST: Final = 2**63 - 1
ItemT = TypeVar("ItemT")

CursorText = Annotated[
    str | None,
    QueryParameter(
        min_length=1,
        max_length=MAX_CURSOR_LENGTH,
        pattern=CURSOR_PATTERN,
        description="`next_cursor` of the page before, as it is. Without it, the first page.",
    ),
]
Limit = Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT, description="How many items a page has at most.")]


@dataclass(frozen=True, slots=True)
class Page(Generic[ItemT]):
    """Some items; `next_cursor` is null on the last page."""

    items: list[ItemT]
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row of a page ordered by (created_at, id), newest first. It grants no access."""

    created_at: datetime
    row_id: UUID

    def encode(self) -> str:
        """The text of next_cursor."""
        return base64.urlsafe_b64encode(f"{self.created_at.isoformat()}|{self.row_id}".encode()).decode()

    @classmethod
    def decode(cls, text: str) -> Self:
        """Raises OsliraError `invalid_request` for text that encode() did not return."""
        try:
            moment, row_id = base64.urlsafe_b64decode(text.encode()).decode().split("|")
            return cls(datetime.fromisoformat(moment).astimezone(UTC), UUID(row_id))
        except (ValueError, OverflowError, binascii.Error) as error:
            raise _no_cursor() from error


def cursor_of_number(number: int) -> str:
    """A cursor for a list that is ordered by a number above 0."""
    return base64.urlsafe_b64encode(str(number).encode()).decode()


def number_of_cursor(cursor: str) -> int:
    """Raises OsliraError `invalid_request` for text that cursor_of_number() did not return."""
    try:
        text = base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True).decode("ascii")
        number = int(text)
    except (ValueError, binascii.Error) as error:
        raise _no_cursor() from error
    if not 1 <= number <= _MOST:
        raise _no_cursor()
    return number


def _no_cursor() -> OsliraError:
    return OsliraError("invalid_request", "Invalid cursor.")
