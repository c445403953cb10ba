"""`oslira erase NAME`: remove a profile everywhere, and refuse it from then on."""

import asyncio
import json
from typing import Annotated, Any, Final

import typer

from oslira_cli.deployment import AdminToken, AdminUrl, Login, admin_login
from oslira_cli.failures import Exit, exits_on_failure

_LOOK_EVERY_S: Final = 1.0
_MEANING: Final = {
    "due": "some data may be left; the gateway continues, run this again to check",
    "watched": "nothing is left; work that was under way is checked for a while longer",
    "done": "nothing is left",
}


def erase(
    name: Annotated[str, typer.Argument(help="The profile, as people paste it.")],
    wait_s: Annotated[float, typer.Option(help="Stop waiting after this time; the erasure continues.")] = 120,
    url: AdminUrl = None,
    token: AdminToken = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,  # noqa: FBT002
) -> None:
    """Erase a profile for all accounts: prints how much was removed where. Exits 5 while something may be left."""
    with exits_on_failure():
        erasure = asyncio.run(_erase(admin_login(url, token), name, wait_s))
    if as_json:
        print(json.dumps(erasure))
    else:
        for place, count in sorted(erasure["removed"].items()):
            print(f"{count:7} {place}")
        print(f"erasure {erasure['erasure_id']}: {_MEANING[erasure['state']]}")
    if erasure["state"] == "due":
        raise typer.Exit(Exit.UNFINISHED)


async def _erase(login: Login, name: str, wait_s: float) -> dict[str, Any]:
    from oslira_cli.admin import ask_admin  # noqa: PLC0415

    erasure = await ask_admin(login, "POST", "/erase", {"username": name})
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + wait_s
    while erasure["state"] == "due" and loop.time() < give_up_at:
        await asyncio.sleep(_LOOK_EVERY_S)
        erasure = await ask_admin(login, "GET", f"/erasures/{erasure['erasure_id']}")
    return erasure
