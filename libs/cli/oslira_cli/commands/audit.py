"""`oslira audit`: whether everything adds up."""

import asyncio
import json
from functools import partial
from typing import Annotated

import typer

from oslira_cli.deployment import AdminToken, AdminUrl, admin_login
from oslira_cli.failures import Exit, exits_on_failure


def audit(
    url: AdminUrl = None,
    token: AdminToken = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,  # noqa: FBT002
) -> None:
    """Compare balances with entries, holds with runs, and grants with payments.

    Exits 1 and names the differences, 4 without an answer.
    """
    from oslira_cli.audit import audit as look  # noqa: PLC0415

    with exits_on_failure():
        found = asyncio.run(look(partial(admin_login, url, token)))
    if as_json:
        print(json.dumps([one.model_dump() for one in found]))
    else:
        for one in found:
            print(f"{one.what}  {one.id}  {one.detail}")
        print(f"audit: {len(found)} differences" if found else "audit: clean")
    raise typer.Exit(Exit.FAILED if found else 0)
