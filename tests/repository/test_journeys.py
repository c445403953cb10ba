"""docs/journeys.md leads through code that is there."""

import re
from typing import Final, NamedTuple

import pytest
from repository import DOCS, ROOT

_ROW: Final = re.compile(r"^\| `(?P<path>[^`]+)` \| `(?P<name>[^`]+)` \|", re.MULTILINE)
_MOST_FILES: Final = 6


class Journey(NamedTuple):
    title: str
    steps: list[tuple[str, str]]


def journeys() -> list[Journey]:
    _, *sections = re.split(r"^## ", (DOCS / "journeys.md").read_text(), flags=re.MULTILINE)
    return [Journey(text.split("\n", 1)[0], _ROW.findall(text)) for text in sections]


def test_there_are_five() -> None:
    assert len(journeys()) == 5


@pytest.mark.parametrize("journey", journeys(), ids=lambda journey: journey.title)
def test_a_journey_is_short_and_its_files_define_what_it_names(journey: Journey) -> None:
    assert 0 < len(journey.steps) <= _MOST_FILES
    for path, name in journey.steps:
        assert (ROOT / path).is_file(), f"{journey.title}: {path} has moved or is gone"
        defines = defines_function if path.endswith(".sql") else defines_name
        assert defines(path, name), f"{journey.title}: {name} is not defined in {path} any more"


def defines_name(path: str, name: str) -> bool:
    pattern = rf"^(class|def|async def) {name}\b"
    return re.search(pattern, (ROOT / path).read_text(), re.MULTILINE) is not None


def defines_function(path: str, name: str) -> bool:
    """The newest migration that makes the function: a later one replaces it."""
    made = re.compile(rf"create (or replace )?function {re.escape(name)}\s*\(", re.IGNORECASE)
    makers = [one for one in sorted((ROOT / path).parent.glob("*.sql")) if made.search(one.read_text())]
    return bool(makers) and makers[-1] == ROOT / path
