"""A list of names, entry by entry: usable names are kept, and every other line is reported with its reason."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from oslira_shared.errors import OsliraError
from oslira_shared.usernames import InvalidUsername, normalise_username

MAX_NAMES: Final = 1_000
_SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """The text of one name on a line (from 1). With a `problem` it is not used, and `detail` says why."""

    line: int
    text: str
    problem: str | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Name:
    """A usable name and the line (from 1) where it is first."""

    line: int
    username: str


@dataclass(frozen=True, slots=True)
class RejectedLine:
    """A rejected line. `problem` is stable: blank, duplicate, broken, title, over_max_credits, profile_not_found, lead_not_found, or
    as in InvalidUsername.

    `text` is the line's text. Only the answer to the order has it, and it is not stored: it may name any person.
    """  # noqa: D205

    line: int
    text: str
    problem: str
    detail: str


@dataclass(slots=True)
class NameList:
    """The usable names of a list and its rejected lines, both in the list's order."""

    names: list[Name] = field(default_factory=list[Name])
    rejected: list[RejectedLine] = field(default_factory=list[RejectedLine])

    def count(self, *problems: str) -> int:
        """How many lines were rejected for these problems."""
        return sum(line.problem in problems for line in self.rejected)


def read_names(texts: Iterable[str]) -> NameList:
    """From a list; an entry's position counts as its line. Raises OsliraError `too_many_names`."""
    return collect(Entry(number, text) for number, text in enumerate(texts, start=1))


def collect(entries: Iterable[Entry]) -> NameList:
    """The entries' names. Raises OsliraError `too_many_names`."""
    result, seen = NameList(), dict[str, int]()
    for entry in entries:
        if entry.problem is not None:
            _reject(result, entry, entry.problem, entry.detail)
        elif not entry.text.strip():
            _reject(result, entry, "blank", "There is no name on this line.")
        else:
            _take(result, seen, entry)
    if len(result.names) > MAX_NAMES:
        raise too_many_names(len(result.names))
    return result


def too_many_names(count: int) -> OsliraError:
    """The error for a list that is too long."""
    return OsliraError(
        "too_many_names", f"At most {MAX_NAMES} names at once, here are {count}.", limit=MAX_NAMES
    )


def _take(result: NameList, seen: dict[str, int], entry: Entry) -> None:
    try:
        username = normalise_username(entry.text)
    except InvalidUsername as error:
        _reject(result, entry, error.problem, error.reason)
        return
    if (first := seen.get(username)) is not None:
        _reject(result, entry, "duplicate", f"The same name stands on line {first}.")
        return
    seen[username] = entry.line
    result.names.append(Name(entry.line, username))


def _reject(result: NameList, entry: Entry, problem: str, detail: str) -> None:
    result.rejected.append(RejectedLine(entry.line, entry.text.strip()[:_SHOWN], problem, detail))
