"""`oslira analyze NAME`: one analysis, followed live."""

import asyncio
import json
import time
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from oslira_cli.deployment import DEVELOPMENT_USER, Token, Url, User, user_login
from oslira_cli.failures import FAILED, exits_on_failure

if TYPE_CHECKING:  # a command line that only shows its help loads none of it
    from oslira_client.generated.shared import Run

    from oslira_cli.deployment import Login


def analyze(  # noqa: PLR0917  # typer makes options of them
    name: Annotated[str, typer.Argument(help="A username, an @name or a profile URL.")],
    kind: Annotated[
        Literal["light", "deep", "xray"], typer.Option("--type", help="light, deep or xray.")
    ] = "light",
    url: Url = None,
    token: Token = None,
    user: User = DEVELOPMENT_USER,
    as_json: Annotated[bool, typer.Option("--json", help="Print the finished run as JSON.")] = False,  # noqa: FBT002
) -> None:
    """Score one profile: live progress, then the result. Exits 1 unless it completed."""

    async def run() -> "tuple[Run, float]":
        return await _analyze(await user_login(url, token, user), name, kind)

    with exits_on_failure():
        found, took_s = asyncio.run(run())
    body = found.model_dump(mode="json")
    if as_json:
        print(json.dumps(body, indent=2, ensure_ascii=False))
    else:
        from rich.console import Console  # noqa: PLC0415

        from oslira_cli.card import card  # noqa: PLC0415

        Console().print(card(body, took_s=took_s))
    raise typer.Exit(0 if body["status"] == "completed" else FAILED)


async def _analyze(login: "Login", name: str, kind: Literal["light", "deep", "xray"]) -> "tuple[Run, float]":
    from oslira_client import ENDED, Oslira  # noqa: PLC0415
    from oslira_client.generated.analyses import AnalysisBody  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    from oslira_cli.work import business_profile_of, settled  # noqa: PLC0415

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[step]}"),
        TimeElapsedColumn(),
    )
    async with Oslira(login.url, login.token) as oslira:
        business_profile_id = await business_profile_of(oslira)
        started = time.monotonic()
        order = AnalysisBody(username=name, type=kind, business_profile_id=business_profile_id)
        accepted = await oslira.analyses.create_analysis(order)
        run_id = accepted.run_id
        # Progress goes to stderr, so that --json prints only JSON.
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task(name, total=100, step=accepted.status)
            if accepted.status not in ENDED:
                async for event in oslira.analyses.follow_run(run_id):
                    progress.update(task, completed=event.data.progress, step=event.data.current_step)
        took_s = time.monotonic() - started
        return await settled(oslira, run_id), took_s
