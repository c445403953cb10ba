"""Names from CSV. The column is chosen by what its cells are, then by its title; in doubt nothing is spent.

Links to profiles and @handles come first, then titles that say so, then a column in which every cell could be a name. Where two
columns are possible, or only plain words are left (which could be anybody's names), the caller has to choose: `column_unclear`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import cached_property
from typing import Final

from oslira_shared.errors import OsliraError
from oslira_shared.usernames import AT_SIGNS, InvalidUsername, normalise_username

from oslira_gateway.analyses.csv_records import Record, read_records
from oslira_gateway.analyses.csv_titles import Title, title_of
from oslira_gateway.analyses.name_list import Entry, NameList, collect

# Enough to tell columns apart; the chosen one is read whole.
_LOOKED_AT_ROWS: Final = 500
_MAX_COLUMNS: Final = 100
_EXAMPLES: Final = 3
_SHOWN: Final = 200
_SHOWN_COLUMNS: Final = 20
# How exports and people write an empty cell.
_NOTHING: Final = frozenset(
    (
        "none",
        "null",
        "nil",
        "nan",
        "na",
        "n.a",
        "n.a.",
        "n/a",
        "no",
        "not found",
        "unknown",
        "undefined",
        "missing",
        "tbd",
        "tba",
    )
) | frozenset(
    (
        "-",
        "--",
        "---",
        "_",
        ".",
        "?",
        "keine",
        "kein",
        "nein",
        "leer",
        "aucun",
        "aucune",
        "non",
        "ninguno",
        "nessuno",
        "нет",
    )
)
_NUMBER: Final = re.compile(r"[+(]?\d[\d\s.,:/()_-]*%?")
_WORD: Final = re.compile(r"[^\W\d_]+")
_DOMAIN: Final = re.compile(
    r"\.(?:com|net|org|info|biz|eu|io|ai|app|dev|shop|store|de|at|ch|fr|be|nl|es|it|pt|pl|cz|se|dk|no|fi|uk|us|ca|au|nz|br|mx|ru|ua|tr|in|cn|jp|kr)$"
)
_CAPITALISED: Final = re.compile(r"[^\W\d_a-z][^\W\d_A-Z]+")


class Cell(Enum):
    """What a cell is by itself.

    WORD: a valid name, but only letters: as well a first name, a city or a company. DOMAIN: a valid name, but as well a website.
    """

    BLANK = auto()
    LINK = auto()
    HANDLE = auto()
    NAME = auto()
    WORD = auto()
    DOMAIN = auto()
    NUMBER = auto()
    TEXT = auto()


_VALID: Final = frozenset({Cell.LINK, Cell.HANDLE, Cell.NAME, Cell.WORD, Cell.DOMAIN})
_DOUBTFUL: Final = (Cell.WORD, Cell.DOMAIN)
# How sure it is that a column holds Instagram names.
_NOT_NAMES, _DOUBT, _VALID_NAMES, _NAMED, _LINKS = range(5)


@dataclass(frozen=True)
class Column:
    """One column: its title, if the list has a header, and what its cells are."""

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
        return bool(self._filled) and _VALID.issuperset(self._filled)

    @cached_property
    def is_doubtful(self) -> bool:
        """Whether it may as well be a column of words, or of websites."""
        return any(set(self._filled) == {kind} for kind in _DOUBTFUL)

    @cached_property
    def are_small_words(self) -> bool:
        return any(_kind(text) is Cell.WORD and text.strip().islower() for text in self.texts)

    @property
    def rank(self) -> int:
        """How sure it is that these are Instagram names."""
        if self.mostly(Cell.LINK):
            return _LINKS
        if self.says is Title.PLATFORM:
            return _NOT_NAMES
        if self.says in {Title.INSTAGRAM, Title.HANDLE} and not _VALID.isdisjoint(self._filled):
            return _NAMED
        if self.mostly(Cell.HANDLE):
            return _NAMED
        if self.says is Title.OTHER or not self.is_valid:
            return _NOT_NAMES
        return _DOUBT if self.is_doubtful else _VALID_NAMES


def read_csv(body: bytes, *, column: str | None = None) -> NameList:
    """`column` is a title or a number from 1. Raises OsliraError `too_many_names`, `column_unclear`."""
    records, broken = read_records(body)
    rows = [record for record in records if not record.is_blank]
    blank = [Entry(record.line, "") for record in records if record.is_blank]
    entries = list(_entries(rows, column)) if rows else []
    return collect(sorted([*entries, *blank, *broken], key=lambda entry: entry.line))


def _entries(rows: Sequence[Record], column: str | None) -> Iterator[Entry]:
    if column is None and (names := _names_on_one_line(rows)):
        yield from names
        return
    width = max(len(row.cells) for row in rows)
    if width > _MAX_COLUMNS:
        raise OsliraError(
            "column_unclear", f"At most {_MAX_COLUMNS} columns are read, here are {width}.", columns=[]
        )
    kinds = {number: [_kind(row.cell(number)) for row in rows[:_LOOKED_AT_ROWS]] for number in range(width)}
    is_titled = any(title_of(cell) is not Title.UNKNOWN for cell in rows[0].cells)
    has_header = _has_header(kinds, rows[0], is_titled=is_titled) or _is_title(rows[0], column)
    if has_header and len(rows) == 1:
        return
    columns = [_column(rows, number, kinds[number], has_header=has_header) for number in range(width)]
    chosen = _wanted(columns, column) if column is not None else _best(columns)
    if has_header and not is_titled and column is None:
        # Reported, since it may have been a name after all.
        detail = "This line was read as the columns' titles; write @name if it holds a name."
        yield Entry(rows[0].line, rows[0].cell(chosen.number), "title", detail)
    for row in rows[1:] if has_header else rows:
        yield _entry(row.line, row.cell(chosen.number))


def _entry(line: int, text: str) -> Entry:
    if text.strip().casefold() in _NOTHING:
        return Entry(
            line,
            text,
            "blank",
            "This word usually says that there is no name; write @ before it if it is one.",
        )
    return Entry(line, text)


def _names_on_one_line(rows: Sequence[Record]) -> list[Entry] | None:
    """`a, b, c`: several names where a list has one line; None: this is a table. Raises OsliraError `column_unclear`."""
    filled = [cell for cell in rows[0].cells if cell.strip()]
    if len(rows) > 1 or len(filled) < 2:  # noqa: PLR2004
        return None
    kinds = [_kind(cell) for cell in filled]
    is_marked = {Cell.LINK, Cell.HANDLE}.issuperset(kinds)
    if not is_marked and any(title_of(cell) is not Title.UNKNOWN for cell in filled):
        return None
    if not _VALID.issuperset(kinds):
        return None
    if any(_CAPITALISED.fullmatch(cell.strip()) for cell in filled):
        # `Natalia, crumb.co` may be one person or two.
        detail = "One line with several words: write one Instagram name a line, or @ before each name."
        raise OsliraError("column_unclear", detail, columns=[])
    return [Entry(rows[0].line, cell) for cell in filled]


def _kind(cell: str) -> Cell:
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


def _has_header(kinds: Mapping[int, Sequence[Cell]], first: Record, *, is_titled: bool) -> bool:
    """Whether the first row is titles: one of them is known, or it is unlike the cells below it."""
    if any(found[0] in {Cell.LINK, Cell.HANDLE} for found in kinds.values()):
        return False
    return is_titled or any(_is_unlike(first.cell(number), found) for number, found in kinds.items())


def _is_unlike(text: str, kinds: Sequence[Cell]) -> bool:
    below = {kind for kind in kinds[1:] if kind is not Cell.BLANK}
    if not below or kinds[0] not in {Cell.WORD, Cell.TEXT, Cell.NAME}:
        return False
    if below <= {Cell.LINK, Cell.HANDLE} or below == {Cell.NUMBER}:
        return True
    # `Bakeries` above crumb.co and dough.co, none of which begins with a capital or is a plain word.
    return kinds[0] is Cell.WORD and Cell.WORD not in below and bool(_CAPITALISED.fullmatch(text.strip()))


def _column(rows: Sequence[Record], number: int, kinds: Sequence[Cell], *, has_header: bool) -> Column:
    title = rows[0].cell(number).strip() if has_header else None
    skipped = 1 if has_header else 0
    texts = [row.cell(number) for row in rows[skipped:_LOOKED_AT_ROWS]]
    return Column(number, title, kinds[skipped:], texts)


def _is_title(header: Record, wanted: str | None) -> bool:
    return wanted is not None and wanted.strip().casefold() in {
        cell.strip().casefold() for cell in header.cells
    }


def _wanted(columns: Sequence[Column], wanted: str) -> Column:
    folded = wanted.strip().casefold()
    found = [column for column in columns if (column.title or "").casefold() == folded and folded]
    if not found and folded.isascii() and folded.isdecimal():
        found = [column for column in columns if str(column.number + 1) == folded.lstrip("0")]
    if len(found) != 1:
        raise _unclear(columns, "There is no such column; choose one of `columns` by its title or number.")
    return found[0]


def _best(columns: Sequence[Column]) -> Column:
    """The one column that holds the names. Raises OsliraError `column_unclear`."""
    if len(columns) == 1 and _is_list_of_names(columns[0]):
        return columns[0]
    highest = max(column.rank for column in columns)
    # Names beside the links to them are the same column twice.
    possible = [
        column
        for column in columns
        if column.rank == highest or (highest == _LINKS and column.rank == _NAMED)
    ]
    if highest == _VALID_NAMES:  # words in small letters may be names as well
        possible += [column for column in columns if column.rank == _DOUBT and column.are_small_words]
    if highest > _DOUBT and all(_agree(possible[0], other) for other in possible[1:]):
        return possible[0]
    raise _unclear(columns, "It is not clear which column holds the Instagram names; say which by `column`.")


def _is_list_of_names(column: Column) -> bool:
    """A list of one column is one of names, unless it has the title of something else or looks like it.

    `Natalia`, `Tom`: people write first names so, Instagram names rarely.
    """
    if column.says in {Title.OTHER, Title.PLATFORM}:
        return column.rank == _LINKS
    filled = [text.strip() for text in column.texts if text.strip()]
    are_words = len(filled) > 1 and all(_CAPITALISED.fullmatch(text) for text in filled)
    are_domains = len(filled) > 1 and all(_kind(text) is Cell.DOMAIN for text in filled)
    return column.says is not Title.UNKNOWN or not (are_words or are_domains)


def _agree(one: Column, other: Column) -> bool:
    """Whether two columns name the same profile wherever both name one, and do so somewhere."""
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
    """What the column would give: the names that would be analysed."""
    names = (name for name in map(_name, column.texts) if name is not None)
    return list(dict.fromkeys(names))[:_EXAMPLES]
