"""Pasted names, line by line, as the API will read them: shown before anything is spent."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from oslira_shared.usernames import InvalidUsername, normalise_username

# More than the API takes in one list: its answer says what is too much.
_MOST_SHOWN: Final = 1_000


@dataclass(frozen=True, slots=True)
class Line:
    """`name` is what a line was read as; `detail` says why it was not."""

    number: int
    text: str
    name: str
    state: Literal["ok", "duplicate", "invalid"]
    detail: str = ""


def lines_of(text: str) -> list[str]:
    """One name a line, or separated by commas where there is a single line."""
    lines = text.splitlines()
    if len(lines) == 1 and "," in lines[0]:
        return lines[0].split(",")
    return lines


def read_lines(lines: Sequence[str]) -> list[Line]:
    """Every line that is not blank."""
    seen: dict[str, int] = {}
    found: list[Line] = []
    for number, line in enumerate(lines[:_MOST_SHOWN], start=1):
        if not line.strip():
            continue
        try:
            name = normalise_username(line)
        except InvalidUsername as error:
            found.append(Line(number, line[:80], "", "invalid", error.reason))
            continue
        if name in seen:
            found.append(Line(number, line[:80], name, "duplicate", f"The same as line {seen[name]}."))
            continue
        seen[name] = number
        found.append(Line(number, line[:80], name, "ok"))
    return found
