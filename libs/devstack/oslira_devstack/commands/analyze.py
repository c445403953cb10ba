"""`oslira analyze NAME`: one analysis, followed live."""

import asyncio
import json
import sys
import time
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:  # a command line that only shows its help loads none of it
    from uuid import UUID

    from oslira_client import Oslira
    from oslira_client.generated.shared import Run


def analyze(
    name: Annotated[str, typer.Argument(help="A username, an @name or a profile URL.")],
    user: Annotated[str, typer.Option(help="Who asks.")] = "dev@oslira.test",
    kind: Annotated[
        Literal["light", "deep", "xray"], typer.Option("--type", help="light, deep or xray.")
    ] = "light",
    as_json: Annotated[bool, typer.Option("--json", help="Print the finished run as JSON.")] = False,  # noqa: FBT002
) -> None:
    """Score one profile on the running stack: live progress, then the result. Exits 1 unless it completed."""
    from oslira_client import ApiError  # noqa: PLC0415

    from oslira_devstack.access import NoStack, find_stack  # noqa: PLC0415

    try:
        found, took_s = asyncio.run(_analyze(find_stack(), name, user, kind))
    except (NoStack, ApiError) as error:
        print(f"oslira: {error}", file=sys.stderr)
        raise typer.Exit(1) from None
    run = found.model_dump(mode="json")
    if as_json:
        print(json.dumps(run, indent=2, ensure_ascii=False))
    else:
        from rich.console import Console  # noqa: PLC0415

        from oslira_devstack.card import card  # noqa: PLC0415

        Console().print(card(run, took_s=took_s))
    raise typer.Exit(0 if run["status"] == "completed" else 1)


async def _analyze(
    access: Any, name: str, user: str, kind: Literal["light", "deep", "xray"]
) -> "tuple[Run, float]":
    from oslira_client import ENDED, Oslira  # noqa: PLC0415
    from oslira_client.generated.analyses import AnalysisBody  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    from oslira_devstack.sign_in import sign_in  # noqa: PLC0415

    who = await sign_in(access, email=user, available_credits=None, plan=None)
    started = time.monotonic()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[step]}"),
        TimeElapsedColumn(),
    )
    async with Oslira(access.gateway_url, who.token) as oslira:
        order = AnalysisBody(username=name, type=kind, business_profile_id=who.business_profile_id)
        accepted = await oslira.analyses.create_analysis(order)
        run_id = accepted.run_id
        # Progress goes to stderr, so that --json prints JSON alone.
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task(name, total=100, step=accepted.status)
            if accepted.status not in ENDED:
                async for event in oslira.analyses.follow_events(run_id):
                    progress.update(task, completed=event.data.progress, step=event.data.current_step)
        took_s = time.monotonic() - started
        return await settled(oslira, run_id), took_s


async def settled(oslira: "Oslira", run_id: "UUID", *, timeout_s: float = 15.0) -> "Run":
    """The finished run once its credits are settled; as it is, if that takes longer."""
    deadline = time.monotonic() + timeout_s
    while True:
        run = await oslira.analyses.read_run(run_id)
        if not run.credits.held or time.monotonic() > deadline:
            return run
        await asyncio.sleep(0.1)
