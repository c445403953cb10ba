"""Names from CSV. The column is chosen by the kinds of its cells, then by its title; if that is unclear, nothing is spent.

Links to profiles and @handles come first, then known titles, then a column in which every cell could be a name. If two columns
are possible, or only plain words are left, the caller has to choose: `column_unclear`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from oslira_shared.errors import OsliraError

from oslira_gateway.bulk.csv_columns import (
    CAPITALISED,
    VALID,
    Cell,
    Column,
    best_of,
    chosen_of,
    kind_of,
)
from oslira_gateway.bulk.csv_records import Record, read_records
from oslira_gateway.bulk.csv_titles import Title, title_of, word_list
from oslira_gateway.bulk.name_list import Entry, NameList, collect

# Enough rows to tell columns apart; the chosen column is read completely.
_LOOKED_AT_ROWS: Final = 500
_MAX_COLUMNS: Final = 100
# How exports and people write an empty cell.
_NOTHING: Final = word_list("""
    none, null, nil, nan, na, n.a, n.a., n/a, no, not found, unknown, undefined, missing, tbd, tba, -, --, ---, _, ., ?,
    keine, kein, nein, leer, aucun, aucune, non, ninguno, nessuno, нет
""")


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
    kinds = {number: [kind_of(row.cell(number)) for row in rows[:_LOOKED_AT_ROWS]] for number in range(width)}
    is_titled = any(title_of(cell) is not Title.UNKNOWN for cell in rows[0].cells)
    has_header = _has_header(kinds, rows[0], is_titled=is_titled) or _is_title(rows[0], column)
    if has_header and len(rows) == 1:
        return
    columns = [_column(rows, number, kinds[number], has_header=has_header) for number in range(width)]
    chosen = chosen_of(columns, column) if column is not None else best_of(columns)
    if has_header and not is_titled and column is None:
        # Reported, since it may have been a name.
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
    """`a, b, c`: a list with several names in one line; None: this is a table. Raises OsliraError `column_unclear`."""
    filled = [cell for cell in rows[0].cells if cell.strip()]
    if len(rows) > 1 or len(filled) < 2:  # noqa: PLR2004
        return None
    kinds = [kind_of(cell) for cell in filled]
    is_marked = {Cell.LINK, Cell.HANDLE}.issuperset(kinds)
    if not is_marked and any(title_of(cell) is not Title.UNKNOWN for cell in filled):
        return None
    if not VALID.issuperset(kinds):
        return None
    if any(CAPITALISED.fullmatch(cell.strip()) for cell in filled):
        # `Natalia, crumb.co` may be one person or two.
        detail = "One line with several words: write one Instagram name a line, or @ before each name."
        raise OsliraError("column_unclear", detail, columns=[])
    return [Entry(rows[0].line, cell) for cell in filled]


def _has_header(kinds: Mapping[int, Sequence[Cell]], first: Record, *, is_titled: bool) -> bool:
    """Whether the first row has titles: one is known, or it differs from the cells below it."""
    if any(found[0] in {Cell.LINK, Cell.HANDLE} for found in kinds.values()):
        return False
    return is_titled or any(_is_unlike(first.cell(number), found) for number, found in kinds.items())


def _is_unlike(text: str, kinds: Sequence[Cell]) -> bool:
    below = {kind for kind in kinds[1:] if kind is not Cell.BLANK}
    if not below or kinds[0] not in {Cell.WORD, Cell.TEXT, Cell.NAME}:
        return False
    if below <= {Cell.LINK, Cell.HANDLE} or below == {Cell.NUMBER}:
        return True
    # `Bakeries` above crumb.co and dough.co, which neither begin with a capital letter nor are plain words.
    return kinds[0] is Cell.WORD and Cell.WORD not in below and bool(CAPITALISED.fullmatch(text.strip()))


def _column(rows: Sequence[Record], number: int, kinds: Sequence[Cell], *, has_header: bool) -> Column:
    title = rows[0].cell(number).strip() if has_header else None
    skipped = 1 if has_header else 0
    texts = [row.cell(number) for row in rows[skipped:_LOOKED_AT_ROWS]]
    return Column(number, title, kinds[skipped:], texts)


def _is_title(header: Record, wanted: str | None) -> bool:
    return wanted is not None and wanted.strip().casefold() in {
        cell.strip().casefold() for cell in header.cells
    }
