"""Migrations are read in order: the files of a schema are numbered without gaps, and each object is defined once.

The second rule holds until the first release: from then on a later file replaces a function (docs/architecture/migrations.md).
"""

import re
from collections import Counter

import pytest
from oslira_shared.postgres.migrate import MIGRATIONS

_NAME = re.compile(r"^(\d{4})_[a-z_]+\.sql$")
_MOST_LINES = 300
_COMMENT = re.compile(r"--[^\n]*")
_DEFINED = re.compile(
    r"\bcreate (?:or replace )?(?:constraint |unique )?"
    r"(schema|table|view|type|sequence|function|trigger|policy|index) (?:if not exists )?([\w.]+)(?:[^;]*? on ([\w.]+))?"
)


def definitions(sql: str) -> list[tuple[str, str]]:
    """(kind, name) of all objects; triggers and policies are named within their table, indexes within its schema."""
    code = " ".join(_COMMENT.sub("", sql).lower().split())
    found: list[tuple[str, str]] = []
    for kind, name, table in _DEFINED.findall(code):
        if kind in {"trigger", "policy"}:
            found.append((kind, f"{table}.{name}"))
        elif kind == "index":
            found.append((kind, f"{table.partition('.')[0]}.{name}"))
        else:
            found.append((kind, name))
    return found


@pytest.mark.parametrize("schema", MIGRATIONS)
def test_a_schemas_files_are_numbered_from_one_without_gaps(schema: str) -> None:
    names = sorted(file.name for file in MIGRATIONS[schema].glob("*.sql"))
    numbers = [found[1] for name in names if (found := _NAME.match(name))]
    assert numbers == [f"{number:04}" for number in range(1, len(names) + 1)], names


@pytest.mark.parametrize("schema", MIGRATIONS)
def test_an_object_is_defined_once(schema: str) -> None:
    counts = Counter(
        one for file in MIGRATIONS[schema].glob("*.sql") for one in definitions(file.read_text())
    )
    assert counts, "no definitions found"
    assert {one: count for one, count in counts.items() if count > 1} == {}


def test_a_file_is_short_enough_to_read() -> None:
    files = [file for folder in MIGRATIONS.values() for file in folder.glob("*.sql")]
    lengths = {str(file): len(file.read_text().splitlines()) for file in files}
    assert {name: length for name, length in lengths.items() if length > _MOST_LINES} == {}


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("create table a.b (c text);", [("table", "a.b")]),
        ("create or replace function a.f(p text) returns text", [("function", "a.f")]),
        ("create view a.v with (x = true) as select 1;", [("view", "a.v")]),
        ("create unique index b_c\n  on a.b (c);", [("index", "a.b_c")]),
        ("create constraint trigger t after insert on a.b\n  for each row", [("trigger", "a.b.t")]),
        (
            "create policy p on a.b to r; create policy p on a.c to r;",
            [("policy", "a.b.p"), ("policy", "a.c.p")],
        ),
        ("-- create table a.b\nselect 1;", []),
    ],
    ids=range(7),
)
def test_definitions_are_found(sql: str, expected: list[tuple[str, str]]) -> None:
    assert definitions(sql) == expected
