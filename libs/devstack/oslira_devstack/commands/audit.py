"""`oslira audit`: whether everything adds up."""

import asyncio
import json
import os
import sys
from typing import Annotated

import typer


def audit(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:  # noqa: FBT002
    """Compare balances with entries, holds with runs, and grants with payments. Exits 1 and names what isn't so.

    Against the running stack, or, where set, CREDITS_DATABASE_URL.
    """
    from oslira_devstack.access import NoStack, find_stack  # noqa: PLC0415
    from oslira_devstack.audit import audit as look  # noqa: PLC0415

    credits_url = os.environ.get("CREDITS_DATABASE_URL")
    if not credits_url:
        try:
            credits_url = find_stack().database_url("credits_service")
        except NoStack as error:
            print(f"oslira: {error}", file=sys.stderr)
            raise typer.Exit(2) from None
    found = asyncio.run(look(credits_url))
    if as_json:
        print(json.dumps([{"what": one.what, "id": one.id, "detail": one.detail} for one in found]))
    else:
        for one in found:
            print(f"{one.what}  {one.id}  {one.detail}")
        print(f"audit: {len(found)} differences" if found else "audit: clean")
    raise typer.Exit(1 if found else 0)
