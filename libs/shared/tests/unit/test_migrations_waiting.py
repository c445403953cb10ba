"""Migrations run beside what serves: after the first release they build no index under a lock, and change data in batches.

A plain `create index` blocks every write to its table until it is done; an `update` of a whole table holds its rows' locks as long.
The files of the first release make empty tables, so they are exempt: they are those that the first tag `v…` has. Until there is a
tag all are. Provisioning limits the wait for locks by itself (`LOCK_TIMEOUT` in oslira_shared/postgres/migrate.py).
"""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from oslira_shared.postgres.migrate import MIGRATIONS

_ROOT: Final = Path(__file__).resolve().parents[4]
_BODY: Final = re.compile(r"\$(\w*)\$.*?\$\1\$", re.DOTALL)
_COMMENT: Final = re.compile(r"--[^\n]*")
_UP: Final = re.compile(r"--\s*migrate:up([^\n]*)\n(.*?)(?=--\s*migrate:down|\Z)", re.DOTALL)
_INDEX: Final = re.compile(
    r"^create (?:unique )?index (concurrently )?(if not exists )?(?:[\w.]+ )?on (?:only )?([\w.]+)"
)
_TABLE: Final = re.compile(r"^create table (?:if not exists )?([\w.]+)")
_REINDEX: Final = re.compile(r"^(drop index|reindex (?:index|table))(?! concurrently)\b")
_VALIDATED: Final = re.compile(r"\badd (?:constraint \w+ )?(?:check|foreign key)\b(?!.*\bnot valid\b)")
_SCANNED: Final = re.compile(
    r"\badd (?:constraint \w+ )?(?:unique|primary key|exclude)\b(?!.*\busing index\b)"
)
_WHOLE: Final = re.compile(r"^(?:with .*\) )?(update|delete from|insert into [\w.]+ (?:\([^)]*\) )?select)\b")
_BATCHES: Final = re.compile(r"\bloop\b.*\blimit\b.*\bcommit\b.*\bend loop\b", re.DOTALL)


def faults_of(migration: str) -> Iterator[str]:
    """What would make others wait for long."""
    found = _UP.search(migration)
    if found is None:
        return
    options, text = found[1], found[2]
    has_transaction = "transaction:false" not in options.replace(" ", "")
    bodies = [body[0].lower() for body in _BODY.finditer(text) if "do $" in text[: body.end()].lower()]
    code = [" ".join(_COMMENT.sub("", one).lower().split()) for one in _BODY.sub("''", text).split(";")]
    statements = [one for one in code if one]
    new = {made[1] for one in statements if (made := _TABLE.match(one))}
    for statement in statements:
        yield from _of_statement(statement, new, has_transaction=has_transaction)
    if has_transaction:
        yield from (
            "commits, and needs transaction:false" for body in bodies if re.search(r"\bcommit\b", body)
        )
    if not has_transaction and len(statements) > 1:
        yield "has several statements without a transaction: half of them may stay"
    for body in bodies:
        if re.search(r"\b(update|delete from)\b", body) and not _BATCHES.search(body):
            yield "changes data, and not in batches that commit"


def _of_statement(statement: str, new: set[str], *, has_transaction: bool) -> Iterator[str]:
    if made := _INDEX.match(statement):
        if made[3] in new:
            return
        if not made[1]:
            yield "builds an index under a lock: create index concurrently if not exists"
        elif has_transaction:
            yield "builds an index concurrently: begin the file with `-- migrate:up transaction:false`"
        elif not made[2]:
            yield "can't be run again: create index concurrently if not exists"
    elif _REINDEX.match(statement):
        yield "takes an index away under a lock: concurrently"
    elif _WHOLE.match(statement):
        yield "changes data at once: in batches that commit"
    elif statement.startswith("alter table") and statement.split()[2] not in new:
        yield from _of_alteration(statement)


def _of_alteration(statement: str) -> Iterator[str]:
    if _VALIDATED.search(statement):
        yield "checks all rows under a lock: add it `not valid`, and validate it in the next file"
    if _SCANNED.search(statement):
        yield "builds an index under a lock: create it concurrently, and add the constraint `using index`"


def _git(*arguments: str) -> list[str]:
    ended = subprocess.run(["git", *arguments], cwd=_ROOT, capture_output=True, text=True, check=False)
    return ended.stdout.splitlines() if ended.returncode == 0 else []


def released() -> set[str] | None:
    """The paths of the first release's migrations; None while there is no release: then all files belong to it."""
    tags = _git("tag", "--list", "v*", "--sort=creatordate")
    return (
        {path for path in _git("ls-tree", "-r", "--name-only", tags[0]) if path.endswith(".sql")}
        if tags
        else None
    )


def test_a_migration_after_the_first_release_blocks_no_other_for_long() -> None:
    exempt = released()
    files = [file for folder in MIGRATIONS.values() for file in sorted(folder.glob("*.sql"))]
    later = [one for one in files if exempt is not None and str(one.relative_to(_ROOT)) not in exempt]
    found = {str(file): list(faults_of(file.read_text())) for file in later}
    assert {name: faults for name, faults in found.items() if faults} == {}


_LOOP = """do $x$ begin loop
  with some as (select id from a.b where c is null limit 1000) update a.b set c = 1 from some where some.id = a.b.id;
  exit when not found; commit;
end loop; end $x$"""


@pytest.mark.parametrize(
    ("options", "statements", "expected"),
    [
        ("", "create index b_c on a.b (c)", ["under a lock"]),
        ("", "create unique index if not exists b_c on a.b (c)", ["under a lock"]),
        ("", "create index concurrently if not exists b_c on a.b (c)", ["transaction:false"]),
        ("transaction:false", "create index concurrently b_c on a.b (c)", ["can't be run again"]),
        ("transaction:false", "create index concurrently if not exists b_c on a.b (c)", []),
        ("transaction:false", "create index concurrently if not exists b_c on a.b (c); select 1", ["several statements"]),
        ("", "create table a.b (c text); create index b_c on a.b (c)", []),
        ("", "drop index a.b_c", ["concurrently"]),
        ("transaction:false", "drop index concurrently if exists a.b_c", []),
        ("", "alter table a.b add constraint d check (c > 0)", ["not valid"]),
        ("", "alter table a.b add constraint d check (c > 0) not valid", []),
        ("", "alter table a.b add constraint d foreign key (c) references a.e (c)", ["not valid"]),
        ("", "alter table a.b add constraint d unique (c)", ["using index"]),
        ("", "alter table a.b add constraint d unique using index b_c", []),
        ("", "alter table a.b validate constraint d", []),
        ("", "update a.b set c = 1", ["at once"]),
        ("", "delete from a.b where c is null", ["at once"]),
        ("", "with x as (select 1) update a.b set c = 1", ["at once"]),
        ("", "insert into a.b (c) select c from a.d", ["at once"]),
        ("", "insert into a.b (c) values (1)", []),
        ("transaction:false", _LOOP, []),
        ("", _LOOP, ["needs transaction:false"]),
        ("transaction:false", "do $x$ begin update a.b set c = 1; end $x$", ["not in batches"]),
        ("", "create or replace function a.f() returns void language sql as $x$ update a.b set c = 1 $x$", []),
        ("", "alter table a.b add column c text", []),
    ],
    ids=range(25),
)  # fmt: skip
def test_the_rule_knows_what_makes_others_wait(options: str, statements: str, expected: list[str]) -> None:
    found = list(faults_of(f"-- migrate:up {options}\n{statements};\n-- migrate:down\ndrop table z;"))
    assert len(found) == len(expected), found
    assert all(part in fault for part, fault in zip(expected, found, strict=True)), found
