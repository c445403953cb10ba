"""`oslira import FILE.csv`: opening balances of an earlier system."""

import asyncio
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from oslira_cli.deployment import AdminToken, AdminUrl, Login, admin_login
from oslira_cli.failures import Exit, exits_on_failure, fail

if TYPE_CHECKING:
    from oslira_cli.admin import Admin
    from oslira_cli.balance_file import BadLine, Line

_AT_ONCE: Final = 8


def import_(
    file: Annotated[
        Path, typer.Argument(help="CSV: id, user_id or email, credits; optional account_id, expires_at.")
    ],
    url: AdminUrl = None,
    token: AdminToken = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,  # noqa: FBT002
) -> None:
    """Grant each line's credits once (key `migration:<id>`), and name bad lines by number. Run `oslira audit` afterwards.

    Exits 1 if a line was bad, 2 if the file can't be read (nothing is granted then). After an interruption, run it again.
    """
    from oslira_cli.balance_file import UnreadableFile, read_lines  # noqa: PLC0415

    try:
        lines = list(read_lines(file))
    except UnreadableFile as error:
        raise fail(str(error), status=Exit.USAGE) from None
    with exits_on_failure():
        done = asyncio.run(import_balances(admin_login(url, token), lines))
    if as_json:
        print(json.dumps(asdict(done)))
    else:
        print(
            f"{done.granted} grants of {done.granted_credits} credits, {done.granted_before} imported before, {done.empty} empty"
        )
        for number, problem in sorted(done.bad.items()):
            print(f"line {number}: {problem}")
    raise typer.Exit(Exit.FAILED if done.bad else 0)


@dataclass(slots=True)
class Imported:
    """The result for a file. `bad` is by line number. `granted_credits` are those of this import only."""

    granted: int = 0
    granted_credits: int = 0
    granted_before: int = 0
    empty: int = 0
    bad: dict[int, str] = field(default_factory=dict[int, str])


async def import_balances(login: Login, lines: "list[tuple[int, Line | BadLine]]") -> Imported:
    """Repeated, it grants nothing new. Raises the errors of ask_admin, except those about a line."""
    from oslira_cli.admin import Admin  # noqa: PLC0415

    done = Imported()
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(admin: Admin, number: int, line: "Line | BadLine") -> None:
        async with places:
            await _import(admin, number, line, done)

    async with Admin(login) as admin:
        await asyncio.gather(*(one(admin, number, line) for number, line in lines))
    return done


async def _import(admin: "Admin", number: int, line: "Line | BadLine", done: Imported) -> None:
    from oslira_client import ApiError  # noqa: PLC0415

    from oslira_cli.balance_file import BadLine  # noqa: PLC0415

    if isinstance(line, BadLine):
        done.bad[number] = str(line)
        return
    body = {
        "id": line.old_id,
        "credits": line.amount_credits,
        "user_id": str(line.user_id) if line.user_id else None,
        "account_id": str(line.account_id) if line.account_id else None,
        "email": line.email,
        "expires_at": line.expires_at.isoformat() if line.expires_at else None,
    }
    try:
        imported = await admin.ask("POST", "/imported-balances", body)
    except ApiError as error:
        if error.code not in {"account_not_found", "conflict", "invalid_request"}:
            raise
        done.bad[number] = error.detail
        return
    if line.amount_credits == 0:
        done.empty += 1
    elif imported["is_new"]:
        done.granted += 1
        done.granted_credits += line.amount_credits
    else:
        done.granted_before += 1
