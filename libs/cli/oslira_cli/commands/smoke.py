"""`oslira smoke URL`: whether a deployment works, as its users would see it."""

import asyncio
import os
import sys
from typing import Annotated

import typer

from oslira_cli.failures import FAILED, exits_on_failure


def smoke(
    url: Annotated[str, typer.Argument(help="The gateway, such as https://api.example.com.")],
    name: Annotated[str, typer.Option(help="A public profile to analyse.")] = "nasa",
    user: Annotated[
        str, typer.Option(help="The development user, on this machine's stack.")
    ] = "smoke@oslira.test",
) -> None:
    """Check health, make one light analysis, follow it until it is settled; one line per step. Exits 1 if one fails.

    The token is OSLIRA_SMOKE_TOKEN, of a user with credits. Without it, one is made on the stack that runs here.
    """
    from oslira_cli.extensions import NoDeployment, find_stack  # noqa: PLC0415
    from oslira_cli.smoke import Failed, Smoke  # noqa: PLC0415

    async def run() -> None:
        try:
            token = os.environ.get("OSLIRA_SMOKE_TOKEN") or await find_stack().token_of(user)
        except NoDeployment as error:
            raise NoDeployment(f"{error}; or set OSLIRA_SMOKE_TOKEN") from None
        await Smoke(url.rstrip("/"), token, name, print).run()

    with exits_on_failure():
        try:
            asyncio.run(run())
        except Failed:
            print(f"smoke: {url} does not work", file=sys.stderr)
            raise typer.Exit(FAILED) from None
    print(f"smoke: {url} works")
