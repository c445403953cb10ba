"""`oslira tick JOB`: run a job now."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import quote

import typer

from oslira_cli.deployment import AdminToken, AdminUrl, admin_login
from oslira_cli.failures import Exit, exits_on_failure, fail


def tick(
    job: Annotated[str, typer.Argument(help="A job of the table, such as daily-cleanup.")],
    slot: Annotated[
        str | None,
        typer.Option(
            envvar="OSLIRA_TICK_SLOT", help="The moment to run it for (ISO 8601, UTC by default); else now."
        ),
    ] = None,
    url: AdminUrl = None,
    token: AdminToken = None,
    as_json: Annotated[bool, typer.Option("--json", help="job, slot and owners.")] = False,  # noqa: FBT002
) -> None:
    """Start a job at all services that own a part of it. A slot that was run is not run again.

    Exits 2 for an unknown job or an invalid time, 4 when no owner is reachable.
    """
    from oslira_client import ApiError  # noqa: PLC0415

    from oslira_cli.admin import ask_admin  # noqa: PLC0415

    try:
        moment = _moment(slot)
    except ValueError:
        raise fail(f"{slot!r} is not a time such as 2026-11-22T02:00:00Z", status=Exit.USAGE) from None
    body = {"slot": moment.isoformat()} if moment else {}
    with exits_on_failure():
        try:
            started = asyncio.run(
                ask_admin(admin_login(url, token), "POST", f"/jobs/{quote(job, safe='')}", body)
            )
        except ApiError as error:
            if error.code == "not_found":
                raise fail(str(error), status=Exit.USAGE) from None
            raise
    if as_json:
        print(json.dumps(started))
        return
    print(f"ticked {job} {started['slot']}")
    for owner, state in started["owners"].items():
        print(f"  {owner}: {state}")


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
