"""Migrations run before a roll-out, beside the version that is still serving: they add, and take away only when they say why.

The rule (docs/architecture/migrations.md) matters after the first release; what takes something away carries a line
`-- contract: <since when it is unused>` before or inside its statement.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from oslira_shared.postgres.migrate import MIGRATIONS

_BODY = re.compile(r"\$(\w*)\$.*?\$\1\$", re.DOTALL)
_EXCUSE = re.compile(r"^\s*-- contract: \S.{9,}$", re.MULTILINE)
_COMMENT = re.compile(r"--[^\n]*")
_TAKES_AWAY = {
    "drops what a running version may use": re.compile(
        r"\bdrop (table|schema|view|materialized view|type|function|column)\b"
    ),
    "renames what a running version may use": re.compile(r"\brename (to|column)\b"),
    "changes a column's type": re.compile(r"\balter (column )?\w+ (set data )?type\b"),
    "refuses rows that a running version may write": re.compile(r"\bset not null\b"),
    "empties a table": re.compile(r"^truncate\b"),
}
_NEW_COLUMN = re.compile(r"\badd column (?:if not exists )?\w+ (.*?)(?=, add |, alter |, drop |$)")


def faults_of(migration: str) -> Iterator[str]:
    """What a migration takes away without saying why."""
    text = _BODY.sub("''", migration.split("-- migrate:down", maxsplit=1)[0])
    for statement in text.split(";"):
        code = " ".join(_COMMENT.sub("", statement).lower().split())
        if _EXCUSE.search(statement):
            continue
        yield from (fault for fault, pattern in _TAKES_AWAY.items() if pattern.search(code))
        if code.startswith("alter table"):
            for column in _NEW_COLUMN.findall(code):
                if "not null" in column and not re.search(r"\b(default|generated)\b", column):
                    yield "adds a column that a running version doesn't fill"


def _migrations() -> list[Path]:
    return [file for folder in MIGRATIONS.values() for file in sorted(folder.glob("*.sql"))]


def test_a_migration_leaves_the_running_version_what_it_uses() -> None:
    faults = {str(file): list(faults_of(file.read_text())) for file in _migrations()}
    assert {name: found for name, found in faults.items() if found} == {}


@pytest.mark.parametrize(
    ("statement", "count"),
    [
        ("alter table a.b drop column c;", 1),
        ("alter table a.b rename column c to d;", 1),
        ("alter table a.b rename to d;", 1),
        ("alter table a.b alter column c type bigint;", 1),
        ("alter table a.b alter column c set not null;", 1),
        ("alter table a.b add column c text not null;", 1),
        ("alter table a.b add column c text not null, add column d int not null default 0;", 1),
        ("drop table a.b;\ndrop function a.f();", 2),
        ("truncate a.b;", 1),
        ("alter table a.b add column c text, add column d int not null default 0;", 0),
        ("create table a.b (c text not null);", 0),
        ("do $x$ begin drop table pg_temp.y; end $x$;", 0),
        ("-- drop table a.b;\nselect 1;", 0),
        ("-- contract: nothing reads it since release 12\nalter table a.b drop column c;", 0),
        ("-- contract: x\nalter table a.b drop column c;", 1),
    ],
    ids=range(15),
)
def test_the_rule_knows_what_takes_away(statement: str, count: int) -> None:
    assert len(list(faults_of(f"-- migrate:up\n{statement}\n-- migrate:down\ndrop table z;"))) == count
