"""Reads the rows of a list as spreadsheets and address books write it: its encoding, separator and lines."""

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from oslira_gateway.bulk.name_list import MAX_NAMES, Entry, too_many_names

# A longer list is rejected before it is read line by line.
MAX_LINES: Final = 20 * MAX_NAMES
_SEPARATORS: Final = (",", ";", "\t", "|", "，", "；", "、")
# For a list with one cell per line; quotes still count.
_NO_SEPARATOR: Final = "\x1f"
_LINE_ENDS: Final = re.compile(r"\r\n|\n|\r")
_LOOKED_AT: Final = 200
_SEP_LINE: Final = re.compile(r'^"?sep=(.)"?$', re.IGNORECASE)
_BOMS: Final = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_MANY: Final = 0.3


@dataclass(frozen=True, slots=True)
class Record:
    """One row: its cells, and the physical line (from 1) where it begins. A quoted cell may have several lines."""

    line: int
    cells: Sequence[str]

    def cell(self, column: int) -> str:
        """Empty if the row is shorter."""
        return self.cells[column] if column < len(self.cells) else ""

    @property
    def is_blank(self) -> bool:
        return not any(cell.strip() for cell in self.cells)


def read_records(body: bytes) -> tuple[list[Record], list[Entry]]:
    """The rows, and the lines that could not be read. Raises OsliraError `too_many_names`."""
    lines = _LINE_ENDS.split(_decode(body))
    if lines and not lines[-1]:
        lines.pop()
    if len(lines) > MAX_LINES:
        raise too_many_names(len(lines))
    skipped = 0
    if lines and (stated := _SEP_LINE.match(lines[0].strip())):
        separator, skipped = stated.group(1), 1
    else:
        separator = _separator(lines)
    return _table(lines, separator or _NO_SEPARATOR, skipped)


def _decode(body: bytes) -> str:
    """UTF-8, UTF-16 with or without byte order mark, else Windows-1252, in which every byte is a character."""
    for mark, encoding in _BOMS:
        if body.startswith(mark):
            return _clean(body.removeprefix(mark).decode(encoding, errors="replace"))
    sample = body[:1_000]
    for encoding, zeros in (("utf-16-le", sample[1::2]), ("utf-16-be", sample[::2])):
        if sample and zeros.count(0) > _MANY * len(zeros):  # half of the bytes of Latin letters are zero
            return _clean(body.decode(encoding, errors="replace"))
    try:
        return _clean(body.decode("utf-8"))
    except UnicodeDecodeError:
        return _clean(body.decode("cp1252", errors="replace"))


def _clean(text: str) -> str:
    """A zero byte is an error in the file; it is kept visible, so that its name is rejected instead of read as another one."""
    return text.replace("\x00", "\ufffd")


def _separator(lines: Sequence[str]) -> str | None:
    """The separator by which most rows have the same number of cells, at least two; None: each line is one cell."""
    best: tuple[float, int, str] | None = None
    for separator in _SEPARATORS:
        if not any(separator in line for line in lines[:_LOOKED_AT]):
            continue
        records, _ = _table(lines[:_LOOKED_AT], separator, 0)
        widths = Counter(len(record.cells) for record in records if not record.is_blank)
        if not widths:
            continue
        width, count = max(widths.items(), key=lambda item: (item[1], item[0]))
        wide = sum(rows for columns, rows in widths.items() if columns > 1)
        if width < 2 and wide * 2 < widths.total() and widths.total() > 1:  # noqa: PLR2004  # commas in a few lines of prose
            continue
        found = (count / widths.total(), width, separator)
        if best is None or found[:2] > best[:2]:
            best = found
    return best[2] if best else None


def _table(lines: Sequence[str], separator: str, skipped: int) -> tuple[list[Record], list[Entry]]:
    records, broken = list[Record](), list[Entry]()
    while skipped < len(lines):
        # The csv module ends a physical line at a line feed; line numbers are those of the file.
        reader = csv.reader(
            (line + "\n" for line in lines[skipped:]), delimiter=separator, skipinitialspace=True, strict=True
        )
        begins = skipped + 1
        try:
            for cells in reader:
                records.append(Record(begins, cells))
                begins = skipped + reader.line_num + 1
        except csv.Error as error:
            is_open = "end of data" in str(error) or "field limit" in str(error)
            if is_open and not _are_rows(lines[begins:], separator, records):
                broken += _unread(lines, begins)
                break
            broken.append(Entry(begins, lines[begins - 1], "broken", "The quotes of this line are broken."))
            skipped = begins if is_open else skipped + reader.line_num
        else:
            break
    return records, broken


def _are_rows(lines: Sequence[str], separator: str, records: Sequence[Record]) -> bool:
    """Whether the text after an unclosed quote has rows of the same table, not the words of a biography."""
    widths = Counter(len(record.cells) for record in records if not record.is_blank)
    width = max(widths, key=lambda found: widths[found], default=1)
    filled = [line for line in lines if line.strip()]
    return width > 1 and all(line.count(separator) == width - 1 and '"' not in line for line in filled)


def _unread(lines: Sequence[str], begins: int) -> list[Entry]:
    detail = f"The quote that opens on line {begins} is never closed; nothing from there on was read."
    rest = enumerate(lines[begins - 1 :], start=begins)
    return [Entry(number, line, "broken", detail) for number, line in rest if line.strip()]
