"""Opening balances from the system before this one: a CSV of users and credits becomes `migration` grants, each once.

Columns (a header line names them, in any order; others are ignored):

    id          the old system's id of the balance; the grant's key is `migration:<id>`
    user_id     the user's id in both systems (the token's subject) …
    email       … or their address, where user_id is empty or not a column
    account_id  optional: which account; else the oldest one that the user owns
    credits     a whole number, 0 or more; 0 grants nothing
    expires_at  optional, ISO 8601; without it they don't expire
"""

import csv
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import UUID

import asyncpg

_MOST_CREDITS: Final = 1_000_000_000
_NEEDED: Final = frozenset({"id", "credits"})

# The account that the file names must be one of the user's own, if it names a user too.
_ACCOUNT: Final = """
select a.id from identity.accounts a
 where a.deleted_at is null and ($3::uuid is null or a.id = $3)
   and (($1::uuid is null and $2::text is null) or exists (
     select from identity.members m join identity.users u on u.id = m.user_id
      where m.account_id = a.id and m.role = 'owner'
        and ($1::uuid is null or u.id = $1) and ($1::uuid is not null or lower(u.email) = lower($2))))
 order by a.created_at, a.id limit 1
"""
_GRANT: Final = """
select is_new from credits.grant($1, $2, 'migration', $3, $4, p_description => 'Balance from the earlier system')
"""
_KEPT: Final = "select account_id, amount from credits.grants where idempotency_key = $1"


class UnreadableFile(Exception):  # noqa: N818
    """It is no CSV with the columns that are needed."""


class BadLine(Exception):  # noqa: N818
    """What is wrong with a line; the others are imported all the same."""


@dataclass(frozen=True, slots=True)
class Line:
    """One balance. `number` counts from 1, the header included."""

    number: int
    old_id: str
    user_id: UUID | None
    email: str | None
    account_id: UUID | None
    amount_credits: int
    expires_at: datetime | None


@dataclass(slots=True)
class Imported:
    """What came of a file. `bad` is by line number. `granted_credits` are those of this import alone."""

    granted: int = 0
    granted_credits: int = 0
    granted_before: int = 0
    empty: int = 0
    bad: dict[int, str] = field(default_factory=dict[int, str])


async def move_in(path: Path, *, gateway_url: str, credits_url: str) -> Imported:
    """Import a file; again: nothing new. Raises UnreadableFile before anything is granted."""
    lines = list(_without_doubles(read_lines(path)))
    gateway, ledger = await asyncpg.connect(gateway_url), await asyncpg.connect(credits_url)
    done = Imported()
    try:
        for number, line in lines:
            try:
                await _import(line, done, gateway, ledger)
            except BadLine as bad:
                done.bad[number] = str(bad)
    finally:
        await gateway.close()
        await ledger.close()
    return done


def read_lines(path: Path) -> Iterator[tuple[int, Line | BadLine]]:
    """Each line of the file under its number. Raises UnreadableFile."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file, restkey="", strict=True)
            columns = {name.strip().lower() for name in rows.fieldnames or ()}
            missing = _NEEDED - columns or (
                {"user_id"} if not columns & {"user_id", "email", "account_id"} else set()
            )
            if missing:
                raise UnreadableFile(f"the header lacks {', '.join(sorted(missing))}")
            for row in rows:
                texts = {(k or "").strip().lower(): v.strip() for k, v in row.items() if isinstance(v, str)}
                if any(texts.values()):
                    yield rows.line_num, _read(rows.line_num, texts)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UnreadableFile(str(error)) from error


def _read(number: int, texts: dict[str, str]) -> Line | BadLine:
    try:
        amount = _whole(texts.get("credits", ""))
        expires = datetime.fromisoformat(texts["expires_at"]) if texts.get("expires_at") else None
        line = Line(
            number=number,
            old_id=texts.get("id", ""),
            user_id=UUID(texts["user_id"]) if texts.get("user_id") else None,
            email=texts.get("email") or None,
            account_id=UUID(texts["account_id"]) if texts.get("account_id") else None,
            amount_credits=amount,
            expires_at=expires.replace(tzinfo=UTC) if expires and not expires.tzinfo else expires,
        )
    except ValueError as error:
        return BadLine(str(error))
    if not line.old_id:
        return BadLine("id is empty")
    if not 0 <= amount <= _MOST_CREDITS:
        return BadLine(f"credits must be between 0 and {_MOST_CREDITS}, not {amount}")
    if line.user_id is None and line.email is None and line.account_id is None:
        return BadLine("neither user_id nor email nor account_id says whose it is")
    return line


def _whole(text: str) -> int:
    """Digits alone: Python would also read 1_000."""
    if not text.removeprefix("-").isdecimal() or not text.isascii():
        raise ValueError(f"credits must be a whole number, not {text!r}")
    return int(text)


def _without_doubles(lines: Iterator[tuple[int, Line | BadLine]]) -> Iterator[tuple[int, Line | BadLine]]:
    seen: dict[str, int] = {}
    for number, line in lines:
        first = seen.setdefault(line.old_id, number) if isinstance(line, Line) else number
        yield number, line if first == number else BadLine(f"its id is on line {first} already")


async def _import(
    line: Line | BadLine,
    done: Imported,
    gateway: "asyncpg.Connection[asyncpg.Record]",
    ledger: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    if isinstance(line, BadLine):
        raise line
    account_id = await gateway.fetchval(_ACCOUNT, line.user_id, line.email, line.account_id)
    if account_id is None:
        raise BadLine("there is no such account, or the user doesn't own it")
    if line.amount_credits == 0:
        done.empty += 1
        return
    key = f"migration:{line.old_id}"
    if await ledger.fetchrow(_KEPT, key) is None:
        with suppress(asyncpg.UniqueViolationError):  # another import was faster, for another account
            if await ledger.fetchval(_GRANT, account_id, line.amount_credits, key, line.expires_at):
                done.granted += 1
                done.granted_credits += line.amount_credits
                return
    kept = await ledger.fetchrow(_KEPT, key)
    # Imported before: the same line is fine, another balance under the same id is not.
    if kept is None or (kept["account_id"], kept["amount"]) != (account_id, line.amount_credits):
        raise BadLine(
            f"id {line.old_id!r} was imported before, with another account or amount; nothing was changed"
        )
    done.granted_before += 1
