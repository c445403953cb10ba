"""`oslira smoke URL`: whether a deployment works, as its users would see it."""

import asyncio
import os
import sys
from typing import Annotated

import typer


def smoke(
    url: Annotated[str, typer.Argument(help="The gateway, such as https://api.example.com.")],
    name: Annotated[str, typer.Option(help="A public profile to analyse.")] = "nasa",
    user: Annotated[str, typer.Option(help="Who asks, where the token is made here.")] = "smoke@oslira.test",
) -> None:
    """Check health, make one light analysis, follow it to its end and see it settled; one line a step. Exits 1 if one fails.

    The token is OSLIRA_SMOKE_TOKEN: of a user kept for this, with credits. Without it, one is made on the stack that runs here.
    """
    from oslira_devstack.access import NoStack  # noqa: PLC0415
    from oslira_devstack.smoke import Failed, Smoke  # noqa: PLC0415

    async def run() -> None:
        token = os.environ.get("OSLIRA_SMOKE_TOKEN") or await _made_here(user)
        await Smoke(url.rstrip("/"), token, name, print).run()

    try:
        asyncio.run(run())
    except NoStack as error:
        print(f"oslira: {error}; or set OSLIRA_SMOKE_TOKEN", file=sys.stderr)
        raise typer.Exit(2) from None
    except Failed:
        print(f"smoke: {url} does not work", file=sys.stderr)
        raise typer.Exit(1) from None
    print(f"smoke: {url} works")


async def _made_here(user: str) -> str:
    from oslira_devstack.access import find_stack  # noqa: PLC0415
    from oslira_devstack.sign_in import sign_in  # noqa: PLC0415

    return (await sign_in(find_stack(), email=user, available_credits=None, plan=None)).token
