"""Names as people bring them, in a list or a CSV: each line is judged by itself, so one that is broken costs only itself."""

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from oslira_shared.errors import OsliraError
from oslira_shared.usernames import InvalidUsername, normalise_username

MAX_NAMES: Final = 1_000
# A list this long is no list of names; refused before it is read line by line.
_MAX_LINES: Final = 20_000
_SHOWN: Final = 200
_HEADERS: Final = frozenset(
    {
        "username",
        "user",
        "name",
        "handle",
        "instagram",
        "instagram handle",
        "instagram username",
        "profile",
        "url",
        "link",
    }
)
_LINE_ENDS: Final = re.compile(rb"\r\n|\n|\r")
_WORDS: Final = re.compile(r"[a-z0-9_](?:[a-z0-9._-]{0,28}[a-z0-9_])?")
_SEPARATORS: Final = (",", ";", "\t")


@dataclass(frozen=True, slots=True)
class Name:
    """A usable name and the line (from 1) it first stands on."""

    line: int
    username: str


@dataclass(frozen=True, slots=True)
class RejectedLine:
    """`problem` is stable: blank, duplicate, broken, over_max_credits, or as in InvalidUsername. `text` is what stood there."""

    line: int
    text: str
    problem: str
    detail: str


@dataclass(slots=True)
class NameList:
    """What of a list can be used, and what can't and why, both in the list's order."""

    names: list[Name] = field(default_factory=list[Name])
    rejected: list[RejectedLine] = field(default_factory=list[RejectedLine])

    def count(self, *problems: str) -> int:
        """How many lines were rejected for these problems."""
        return sum(line.problem in problems for line in self.rejected)


def names_in(text: str) -> set[str]:
    """Whatever in a line could name a profile, as a duplicate does, or a name among other words."""
    return set(_WORDS.findall(text.lower()))


def read_names(texts: Iterable[str]) -> NameList:
    """From a list; an entry's place counts as its line. Raises OsliraError `too_many_names`."""
    return _checked(_collect((number, text, None) for number, text in enumerate(texts, start=1)))


def read_csv(body: bytes) -> NameList:
    """From CSV in UTF-8 or UTF-16, with or without a header, separated by comma, semicolon or tab.

    The names are in the column whose header says so, else in the first. Lines are physical ones: a quote that is never closed
    breaks its own line and no other. Raises OsliraError `too_many_names`.
    """
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):  # what spreadsheets call Unicode text
        body = body.decode("utf-16", errors="replace").encode()
    lines = _LINE_ENDS.split(body.removeprefix(b"\xef\xbb\xbf"))
    if lines and not lines[-1]:
        lines.pop()
    if len(lines) > _MAX_LINES:
        raise _too_many(len(lines))
    separator = _separator(lines)
    rows = [_cells(line, separator) for line in lines]
    column, first = _header(rows)
    return _checked(_collect(_entries(rows, column, first)))


def _entries(
    rows: Sequence[list[str] | str], column: int, first: int
) -> Iterable[tuple[int, str, str | None]]:
    for number, row in enumerate(rows[first:], start=first + 1):
        if isinstance(row, str):
            yield number, row, "The line's quotes or its encoding are broken."
        else:
            yield number, row[column] if column < len(row) else "", None


def _cells(line: bytes, separator: str) -> list[str] | str:
    """The line's cells; as a string, the line can't be read."""
    try:
        text = line.decode()
        return next(iter(csv.reader([text], delimiter=separator, strict=True)), [])
    except (UnicodeDecodeError, csv.Error):
        return line.decode(errors="replace")


def _separator(lines: Sequence[bytes]) -> str:
    """The one that the first line with any has most of; a list of bare names has none."""
    for line in lines[:20]:
        counts = {separator: line.count(separator.encode()) for separator in _SEPARATORS}
        if any(counts.values()):
            return max(counts, key=lambda separator: counts[separator])
    return ","


def _header(rows: Sequence[list[str] | str]) -> tuple[int, int]:
    """(the column of the names, the index of the first row that isn't the header)."""
    for index, row in enumerate(rows):
        if isinstance(row, str) or not any(cell.strip() for cell in row):
            continue
        titles = [cell.strip().lower() for cell in row]
        found = next((number for number, title in enumerate(titles) if title in _HEADERS), None)
        return (0, 0) if found is None else (found, index + 1)
    return 0, 0


def _collect(entries: Iterable[tuple[int, str, str | None]]) -> NameList:
    result, seen = NameList(), dict[str, int]()
    for line, text, broken in entries:
        shown = text[:_SHOWN]
        if broken is not None:
            result.rejected.append(RejectedLine(line, shown, "broken", broken))
        elif not text.strip():
            result.rejected.append(RejectedLine(line, "", "blank", "There is no name on this line."))
        else:
            _take(result, seen, line, text)
    return result


def _take(result: NameList, seen: dict[str, int], line: int, text: str) -> None:
    try:
        username = normalise_username(text)
    except InvalidUsername as error:
        result.rejected.append(RejectedLine(line, text[:_SHOWN], error.problem, error.reason))
        return
    if (first := seen.get(username)) is not None:
        detail = f"The same name stands on line {first}."
        result.rejected.append(RejectedLine(line, text[:_SHOWN], "duplicate", detail))
        return
    seen[username] = line
    result.names.append(Name(line, username))


def _checked(names: NameList) -> NameList:
    if len(names.names) > MAX_NAMES:
        raise _too_many(len(names.names))
    return names


def _too_many(count: int) -> OsliraError:
    return OsliraError(
        "too_many_names", f"At most {MAX_NAMES} names at once, here are {count}.", limit=MAX_NAMES
    )
