"""`oslira import FILE.csv`: opening balances of the system before this one."""

import asyncio
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

_NAMES = {
    "gateway": "GATEWAY_DATABASE_URL",
    "credits": "CREDITS_DATABASE_URL",
    "analysis": "ANALYSIS_DATABASE_URL",
}


def import_(
    file: Annotated[
        Path, typer.Argument(help="CSV: id, user_id or email, credits; optional account_id, expires_at.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,  # noqa: FBT002
) -> None:
    """Grant each line's credits once (key `migration:<id>`), name bad lines by number, then audit.

    Against the running stack, or, where all are set, GATEWAY_, CREDITS_ and ANALYSIS_DATABASE_URL. Exits 1 if a line was bad
    or the audit found a difference, 2 if the file can't be read.
    """
    from oslira_devstack.access import NoStack, find_stack  # noqa: PLC0415
    from oslira_devstack.audit import audit  # noqa: PLC0415
    from oslira_devstack.moving_in import UnreadableFile, move_in  # noqa: PLC0415

    urls = {service: os.environ.get(name, "") for service, name in _NAMES.items()}
    try:
        if not all(urls.values()):
            access = find_stack()
            urls = {service: access.database_url(f"{service}_service") for service in _NAMES}
        done = asyncio.run(move_in(file, gateway_url=urls["gateway"], credits_url=urls["credits"]))
    except (NoStack, UnreadableFile) as error:
        print(f"oslira: {error}", file=sys.stderr)
        raise typer.Exit(2) from None
    found = asyncio.run(audit(urls["credits"]))
    differences = [{"what": one.what, "id": one.id, "detail": one.detail} for one in found]
    if as_json:
        print(json.dumps({**asdict(done), "differences": differences}))
    else:
        print(
            f"{done.granted} grants of {done.granted_credits} credits, {done.granted_before} imported before, {done.empty} empty"
        )
        for number, problem in done.bad.items():
            print(f"line {number}: {problem}")
        for one in found:
            print(f"{one.what}  {one.id}  {one.detail}")
        print(f"audit: {len(found)} differences" if found else "audit: clean")
    raise typer.Exit(1 if done.bad or found else 0)
