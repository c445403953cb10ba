"""A file of opening balances from an earlier system: CSV, one balance a line.

Columns (a header line names them, in any order; others are ignored):

    id          the earlier system's id of the balance; it is granted once
    user_id     the user's id in both systems (the token's subject) …
    email       … or their address, where user_id is empty or not a column
    account_id  optional: which account; else the oldest one that the user owns
    credits     a whole number, 0 or more; 0 grants nothing
    expires_at  optional, ISO 8601; without it they don't expire
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import UUID

_MOST_CREDITS: Final = 1_000_000_000
_NEEDED: Final = frozenset({"id", "credits"})


class UnreadableFile(Exception):  # noqa: N818
    """It is no CSV with the columns that are needed."""


class BadLine(Exception):  # noqa: N818
    """What is wrong with a line; the others are imported all the same."""


@dataclass(frozen=True, slots=True)
class Line:
    """One balance. `number` counts from 1, the header included."""

    number: int
    old_id: str
    user_id: UUID | None
    email: str | None
    account_id: UUID | None
    amount_credits: int
    expires_at: datetime | None


def read_lines(path: Path) -> Iterator[tuple[int, Line | BadLine]]:
    """Each line of the file by its number; the second line with the same id is bad. Raises UnreadableFile."""
    return _without_doubles(_read_lines(path))


def _read_lines(path: Path) -> Iterator[tuple[int, Line | BadLine]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file, restkey="", strict=True)
            columns = {name.strip().lower() for name in rows.fieldnames or ()}
            missing = _NEEDED - columns or (
                {"user_id"} if not columns & {"user_id", "email", "account_id"} else set()
            )
            if missing:
                raise UnreadableFile(f"the header lacks {', '.join(sorted(missing))}")
            for row in rows:
                texts = {(k or "").strip().lower(): v.strip() for k, v in row.items() if isinstance(v, str)}
                if any(texts.values()):
                    yield rows.line_num, _read(rows.line_num, texts)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UnreadableFile(str(error)) from error


def _read(number: int, texts: dict[str, str]) -> Line | BadLine:
    try:
        amount = _whole(texts.get("credits", ""))
        expires = datetime.fromisoformat(texts["expires_at"]) if texts.get("expires_at") else None
        line = Line(
            number=number,
            old_id=texts.get("id", ""),
            user_id=UUID(texts["user_id"]) if texts.get("user_id") else None,
            email=texts.get("email") or None,
            account_id=UUID(texts["account_id"]) if texts.get("account_id") else None,
            amount_credits=amount,
            expires_at=expires.replace(tzinfo=UTC) if expires and not expires.tzinfo else expires,
        )
    except ValueError as error:
        return BadLine(str(error))
    if not line.old_id:
        return BadLine("id is empty")
    if not 0 <= amount <= _MOST_CREDITS:
        return BadLine(f"credits must be between 0 and {_MOST_CREDITS}, not {amount}")
    if line.user_id is None and line.email is None and line.account_id is None:
        return BadLine("user_id, email or account_id is required")
    return line


def _whole(text: str) -> int:
    """Only digits: Python would also read 1_000."""
    if not text.removeprefix("-").isdecimal() or not text.isascii():
        raise ValueError(f"credits must be a whole number, not {text!r}")
    return int(text)


def _without_doubles(lines: Iterator[tuple[int, Line | BadLine]]) -> Iterator[tuple[int, Line | BadLine]]:
    seen: dict[str, int] = {}
    for number, line in lines:
        first = seen.setdefault(line.old_id, number) if isinstance(line, Line) else number
        yield number, line if first == number else BadLine(f"its id is on line {first} already")
