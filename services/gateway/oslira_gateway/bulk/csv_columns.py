"""The columns of a list: the kinds of their cells, and which one has the Instagram names."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import cached_property
from typing import Final

from oslira_shared.errors import OsliraError
from oslira_shared.usernames import AT_SIGNS, InvalidUsername, normalise_username

from oslira_gateway.bulk.csv_titles import Title, title_of

_EXAMPLES: Final = 3
_SHOWN: Final = 200
_SHOWN_COLUMNS: Final = 20
_NUMBER: Final = re.compile(r"[+(]?\d[\d\s.,:/()_-]*%?")
_WORD: Final = re.compile(r"[^\W\d_]+")
_DOMAIN: Final = re.compile(
    r"\.(?:com|net|org|info|biz|eu|io|ai|app|dev|shop|store|de|at|ch|fr|be|nl|es|it|pt|pl|cz|se|dk|no|fi|uk|us|ca|au|nz|br|mx|ru|ua|tr|in|cn|jp|kr)$"
)
CAPITALISED: Final = re.compile(r"[^\W\d_a-z][^\W\d_A-Z]+")


class Cell(Enum):
    """The kind of a cell.

    WORD: a valid name, but only letters: may also be a first name, a city or a company. DOMAIN: a valid name that may also be a
    website.
    """

    BLANK = auto()
    LINK = auto()
    HANDLE = auto()
    NAME = auto()
    WORD = auto()
    DOMAIN = auto()
    NUMBER = auto()
    TEXT = auto()


VALID: Final = frozenset({Cell.LINK, Cell.HANDLE, Cell.NAME, Cell.WORD, Cell.DOMAIN})
_DOUBTFUL: Final = (Cell.WORD, Cell.DOMAIN)
# The confidence that a column has Instagram names.
_NOT_NAMES, _DOUBT, _VALID_NAMES, _NAMED, _LINKS = range(5)


@dataclass(frozen=True)
class Column:
    """One column: its title, if the list has a header, and the kinds of its cells."""

    number: int
    title: str | None
    kinds: Sequence[Cell]
    texts: Sequence[str]

    @cached_property
    def says(self) -> Title:
        return Title.UNKNOWN if self.title is None else title_of(self.title)

    @cached_property
    def _filled(self) -> list[Cell]:
        return [kind for kind in self.kinds if kind is not Cell.BLANK]

    def mostly(self, kind: Cell) -> bool:
        """Whether at least half of the filled cells are of this kind."""
        return 0 < len(self._filled) <= 2 * self._filled.count(kind)

    @cached_property
    def is_valid(self) -> bool:
        """Whether every filled cell could be a name."""
        return bool(self._filled) and VALID.issuperset(self._filled)

    @cached_property
    def is_doubtful(self) -> bool:
        """Whether it may also be a column of words or of websites."""
        return any(set(self._filled) == {kind} for kind in _DOUBTFUL)

    @cached_property
    def are_small_words(self) -> bool:
        return any(kind_of(text) is Cell.WORD and text.strip().islower() for text in self.texts)

    @property
    def rank(self) -> int:
        """The confidence that these are Instagram names."""
        if self.mostly(Cell.LINK):
            return _LINKS
        if self.says is Title.PLATFORM:
            return _NOT_NAMES
        if self.says in {Title.INSTAGRAM, Title.HANDLE} and not VALID.isdisjoint(self._filled):
            return _NAMED
        if self.mostly(Cell.HANDLE):
            return _NAMED
        if self.says is Title.OTHER or not self.is_valid:
            return _NOT_NAMES
        return _DOUBT if self.is_doubtful else _VALID_NAMES


def kind_of(cell: str) -> Cell:
    text = cell.strip()
    if not text or _NUMBER.fullmatch(text):
        return Cell.NUMBER if text else Cell.BLANK
    try:
        name = normalise_username(text)
    except InvalidUsername:
        return Cell.TEXT
    if "/" in text:
        return Cell.LINK
    if any(sign in text for sign in AT_SIGNS):
        return Cell.HANDLE
    if _DOMAIN.search(name):
        return Cell.DOMAIN
    return Cell.WORD if _WORD.fullmatch(name) else Cell.NAME


def best_of(columns: Sequence[Column]) -> Column:
    """The column with the names. Raises OsliraError `column_unclear`."""
    if len(columns) == 1 and _is_list_of_names(columns[0]):
        return columns[0]
    highest = max(column.rank for column in columns)
    # A column of names next to one of links to them counts as one.
    possible = [
        column
        for column in columns
        if column.rank == highest or (highest == _LINKS and column.rank == _NAMED)
    ]
    if highest == _VALID_NAMES:  # lower-case words may be names too
        possible += [column for column in columns if column.rank == _DOUBT and column.are_small_words]
    if highest > _DOUBT and all(_agree(possible[0], other) for other in possible[1:]):
        return possible[0]
    raise _unclear(columns, "It is not clear which column holds the Instagram names; say which by `column`.")


def chosen_of(columns: Sequence[Column], wanted: str) -> Column:
    folded = wanted.strip().casefold()
    found = [column for column in columns if (column.title or "").casefold() == folded and folded]
    if not found and folded.isascii() and folded.isdecimal():
        found = [column for column in columns if str(column.number + 1) == folded.lstrip("0")]
    if len(found) != 1:
        raise _unclear(columns, "There is no such column; choose one of `columns` by its title or number.")
    return found[0]


def _is_list_of_names(column: Column) -> bool:
    """A list of one column contains names, unless its title or its cells show something else.

    `Natalia`, `Tom`: first names are written like this, Instagram names rarely.
    """
    if column.says in {Title.OTHER, Title.PLATFORM}:
        return column.rank == _LINKS
    filled = [text.strip() for text in column.texts if text.strip()]
    are_words = len(filled) > 1 and all(CAPITALISED.fullmatch(text) for text in filled)
    are_domains = len(filled) > 1 and all(kind_of(text) is Cell.DOMAIN for text in filled)
    return column.says is not Title.UNKNOWN or not (are_words or are_domains)


def _agree(one: Column, other: Column) -> bool:
    """Whether two columns name the same profile in every row where both have one, and in at least one row."""
    pairs = [
        (mine, theirs)
        for mine, theirs in zip(map(_name, one.texts), map(_name, other.texts), strict=True)
        if mine is not None and theirs is not None
    ]
    return bool(pairs) and all(mine == theirs for mine, theirs in pairs)


def _name(text: str) -> str | None:
    try:
        return normalise_username(text)
    except InvalidUsername:
        return None


def _unclear(columns: Sequence[Column], detail: str) -> OsliraError:
    shown = [
        {
            "column": column.number + 1,
            "title": None if column.title is None else column.title[:_SHOWN],
            "examples": _examples(column),
        }
        for column in columns[:_SHOWN_COLUMNS]
    ]
    return OsliraError("column_unclear", detail, columns=shown)


def _examples(column: Column) -> list[str]:
    """The names that would be analysed from this column."""
    names = (name for name in map(_name, column.texts) if name is not None)
    return list(dict.fromkeys(names))[:_EXAMPLES]
