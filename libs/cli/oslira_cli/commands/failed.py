"""`oslira failed list | show | replay`: failed work, its reason, and a retry."""

import asyncio
import json
from typing import Annotated, Any

import typer

from oslira_cli.deployment import AdminToken, AdminUrl, Login, admin_login
from oslira_cli.failures import exits_on_failure

failed = typer.Typer(
    help="Failed runs, dead webhook events and dead letters: list, show, replay.", no_args_is_help=True
)


@failed.command("list")
def list_failed(
    *,
    limit: Annotated[int, typer.Option(min=1, max=200, help="The newest so many.")] = 50,
    verdicts: Annotated[
        bool,
        typer.Option(
            "--verdicts", help="Also runs that ended with a final verdict, such as a private profile."
        ),
    ] = False,
    url: AdminUrl = None,
    token: AdminToken = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """What failed by our fault or a supplier's, newest first; no names of profiles are shown."""
    with exits_on_failure():
        found = asyncio.run(_newest(admin_login(url, token), limit, None if verdicts else "fault"))
    if as_json:
        print(json.dumps(found))
        return
    for one in found:
        print(
            f"{one['kind']:8} {one['id']}  {one['at'][:19]}  attempts {one['attempts']}  {one.get('cause', 'ours'):8}"
            f"  {one['code']}: {one['detail']}"
        )
    print(f"{len(found)} failed")


@failed.command("show")
def show(
    item_id: Annotated[str, typer.Argument(help="An id of the list.")],
    url: AdminUrl = None,
    token: AdminToken = None,
) -> None:
    """All that operators may see of one, as JSON: reason, attempts, steps, calls and times; a dead letter's message."""
    kind = "dead-letters" if item_id.isdecimal() else "failed"
    print(json.dumps(_answer(url, token, "GET", f"/{kind}/{_path(item_id)}"), indent=2, ensure_ascii=False))


@failed.command("replay")
def replay(
    item_id: Annotated[str, typer.Argument(help="A run's or a webhook event's id.")],
    url: AdminUrl = None,
    token: AdminToken = None,
) -> None:
    """Try it again: a run as a new run with a new hold, a webhook event as itself."""
    replayed = _answer(url, token, "POST", f"/failed/{_path(item_id)}/replay")
    print(f"replayed as {replayed['replayed_as']}")


async def _newest(login: Login, limit: int, cause: str | None) -> list[dict[str, Any]]:
    from oslira_cli.admin import ask_admin  # noqa: PLC0415

    work, letters = await asyncio.gather(
        ask_admin(login, "GET", "/failed", limit=limit, cause=cause),
        ask_admin(login, "GET", "/dead-letters", limit=limit),
    )
    return sorted([*work["items"], *letters["items"]], key=lambda one: one["at"], reverse=True)[:limit]


def _answer(url: str | None, token: str | None, method: str, path: str) -> dict[str, Any]:
    from oslira_cli.admin import ask_admin  # noqa: PLC0415

    with exits_on_failure():
        return asyncio.run(ask_admin(admin_login(url, token), method, path))


def _path(item_id: str) -> str:
    from urllib.parse import quote  # noqa: PLC0415

    return quote(item_id, safe="")
