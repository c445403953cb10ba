"""`oslira smoke URL`: whether a deployment works, as its users would see it."""

import asyncio
import os
import sys
from typing import Annotated

import typer

from oslira_cli.failures import Exit, Unfinished, exits_on_failure


def smoke(
    url: Annotated[str, typer.Argument(help="The gateway, such as https://api.example.com.")],
    name: Annotated[str, typer.Option(help="A public profile to analyse.")] = "nasa",
    user: Annotated[
        str, typer.Option(help="The development user, on this machine's stack.")
    ] = "smoke@oslira.test",
    deadline_s: Annotated[float, typer.Option("--deadline", min=1, help="Seconds for all of it.")] = 60.0,
) -> None:
    """Check health, make one fresh light analysis, follow it until it is settled; one line per step. Exits 1 if one fails.

    It is scored anew each time, for a business profile of its own, and the profile is fetched unless that was done within 5
    minutes. Costs the price of a light analysis. Exits 5 after 60 s (--deadline).

    The token is OSLIRA_SMOKE_TOKEN, of a user with credits. Without it, one is made on the stack that runs here.
    """
    from oslira_cli.extensions import NoDeployment, find_stack  # noqa: PLC0415
    from oslira_cli.smoke import Failed, Smoke  # noqa: PLC0415

    async def run() -> None:
        try:
            token = os.environ.get("OSLIRA_SMOKE_TOKEN") or await find_stack().token_of(user)
        except NoDeployment as error:
            raise NoDeployment(f"{error}; or set OSLIRA_SMOKE_TOKEN") from None
        smoke = Smoke(url.rstrip("/"), token, name, print)
        try:
            await asyncio.wait_for(smoke.run(), deadline_s)
        except TimeoutError:
            raise Unfinished(
                f"smoke: not finished within {deadline_s:g} s, at the step: {smoke.step}"
            ) from None

    with exits_on_failure():
        try:
            asyncio.run(run())
        except Failed:
            print(f"smoke: {url} does not work", file=sys.stderr)
            raise typer.Exit(Exit.FAILED) from None
        except KeyboardInterrupt:
            print("smoke: interrupted; a run that was accepted goes on", file=sys.stderr)
            raise typer.Exit(Exit.INTERRUPTED) from None
    print(f"smoke: {url} works")
