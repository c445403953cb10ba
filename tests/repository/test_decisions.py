"""Decisions have a number, a date and a status, and the index has them all."""

import re
from datetime import date
from pathlib import Path
from typing import Final

import pytest
from repository import DOCS

_FOLDER: Final = DOCS / "decisions"
_HEAD: Final = re.compile(r"# (\d+)\. (.+)\n\nDate: (\d{4}-\d\d-\d\d)\. Status: (.+?)\.\s")
_STATUS: Final = re.compile(
    r"(proposed|accepted|superseded by \[\d{4}\]\(\S+\))(, amended by \[\d{4}\]\(\S+\))*"
)
PAGES: Final = sorted(_FOLDER.glob("[0-9]*.md"))


def row_of(page: Path) -> str:
    head = _HEAD.match(page.read_text())
    assert head, (
        f"{page.name}: `# N. Title`, an empty line, `Date: YYYY-MM-DD. Status: accepted.`; then make format"
    )
    number, title, decided, status = head.groups()
    assert int(number) == int(page.name[:4])
    assert date.fromisoformat(decided)
    assert _STATUS.fullmatch(status), f"{page.name}: unknown status {status}"
    return f"| [{page.name[:4]}]({page.name}) | {title} | {decided} | {status} |"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name[:4])
def test_a_decision_has_its_row_in_the_index(page: Path) -> None:
    assert row_of(page) in (_FOLDER / "README.md").read_text().splitlines()


def test_the_index_is_in_order_and_has_nothing_else() -> None:
    listed = re.findall(r"^\| \[(\d{4})\]", (_FOLDER / "README.md").read_text(), re.MULTILINE)
    assert listed == [page.name[:4] for page in PAGES]


def test_numbers_are_unique() -> None:
    numbers = [page.name[:4] for page in PAGES]
    assert len(set(numbers)) == len(numbers)
