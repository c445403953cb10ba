"""`oslira analyze NAME`: one analysis, followed live."""

import asyncio
import json
import sys
import time
from typing import Annotated, Any

import typer


def analyze(
    name: Annotated[str, typer.Argument(help="A username, an @name or a profile URL.")],
    user: Annotated[str, typer.Option(help="Who asks.")] = "dev@oslira.test",
    kind: Annotated[str, typer.Option("--type", help="light, deep or xray.")] = "light",
    as_json: Annotated[bool, typer.Option("--json", help="Print the finished run as JSON.")] = False,  # noqa: FBT002
) -> None:
    """Score one profile on the running stack: live progress, then the result. Exits 1 unless it completed."""
    from oslira_devstack.access import NoStack, find_stack  # noqa: PLC0415
    from oslira_devstack.client import ApiError  # noqa: PLC0415

    try:
        run, took_s = asyncio.run(_analyze(find_stack(), name, user, kind))
    except (NoStack, ApiError) as error:
        print(f"oslira: {error}", file=sys.stderr)
        raise typer.Exit(1) from None
    if as_json:
        print(json.dumps(run, indent=2, ensure_ascii=False))
    else:
        from rich.console import Console  # noqa: PLC0415

        from oslira_devstack.card import card  # noqa: PLC0415

        Console().print(card(run, took_s=took_s))
    raise typer.Exit(0 if run["status"] == "completed" else 1)


async def _analyze(access: Any, name: str, user: str, kind: str) -> tuple[dict[str, Any], float]:
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    from oslira_devstack.client import ENDED, Client  # noqa: PLC0415
    from oslira_devstack.sign_in import sign_in  # noqa: PLC0415

    who = await sign_in(access, email=user, available_credits=None, plan=None)
    started = time.monotonic()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[step]}"),
        TimeElapsedColumn(),
    )
    async with Client(access.gateway_url, who.token) as client:
        _, accepted = await client.analyze(name, business_profile_id=who.business_profile_id, kind=kind)
        run_id = accepted["run_id"]
        # Progress goes to stderr, so that --json prints JSON alone.
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task(name, total=100, step=accepted["status"])
            if accepted["status"] not in ENDED:
                async for snapshot in client.follow(run_id, accepted["events_url"]):
                    progress.update(task, completed=snapshot["progress"], step=snapshot["current_step"])
        took_s = time.monotonic() - started
        return await settled(client, run_id), took_s


async def settled(client: Any, run_id: str, *, timeout_s: float = 15.0) -> dict[str, Any]:
    """The finished run once its credits are settled; as it is, if that takes longer."""
    deadline = time.monotonic() + timeout_s
    while True:
        run = await client.run(run_id)
        if not run["credits"]["held"] or time.monotonic() > deadline:
            return run
        await asyncio.sleep(0.1)
