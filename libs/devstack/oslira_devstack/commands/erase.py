"""`oslira erase NAME`: remove a profile everywhere, and refuse it from then on."""

import asyncio
import json
import sys
from typing import Annotated, Any, Final

import typer

_LOOK_EVERY_S: Final = 1.0


def erase(
    name: Annotated[str, typer.Argument(help="The profile, as people paste it.")],
    wait_s: Annotated[float, typer.Option(help="Give up waiting after so long; the erasure goes on.")] = 120,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,  # noqa: FBT002
) -> None:
    """Erase a profile for all accounts: prints how much was removed where. Exits 1 while something may be left."""
    from oslira_client import ApiError  # noqa: PLC0415
    from oslira_shared.errors import OsliraError  # noqa: PLC0415

    from oslira_devstack.access import NoStack, find_stack  # noqa: PLC0415

    try:
        erasure = asyncio.run(_erase(find_stack(), name, wait_s))
    except NoStack as error:
        print(f"oslira: {error}", file=sys.stderr)
        raise typer.Exit(2) from None
    except (ApiError, OsliraError) as error:
        print(f"oslira: {error}", file=sys.stderr)
        raise typer.Exit(1) from None
    if as_json:
        print(json.dumps(erasure))
    else:
        for place, count in sorted(erasure["removed"].items()):
            print(f"{count:7} {place}")
        print(f"erasure {erasure['erasure_id']}: {_MEANING[erasure['state']]}")
    if erasure["state"] == "due":
        raise typer.Exit(1)


_MEANING: Final = {
    "due": "something may be left; the gateway goes on with it, run this again to see",
    "watched": "nothing is left; what was under way is looked for a while longer",
    "done": "nothing is left",
}


async def _erase(access: Any, name: str, wait_s: float) -> dict[str, Any]:
    from oslira_devstack.admin import ask_admin  # noqa: PLC0415

    erasure = await ask_admin(access, "POST", "/erase", {"username": name})
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + wait_s
    while erasure["state"] == "due" and loop.time() < give_up_at:
        await asyncio.sleep(_LOOK_EVERY_S)
        erasure = await ask_admin(access, "GET", f"/erasures/{erasure['erasure_id']}")
    return erasure
