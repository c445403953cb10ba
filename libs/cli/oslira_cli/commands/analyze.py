"""`oslira analyze NAME`: one analysis, followed live."""

import asyncio
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal
from uuid import UUID

import typer

from oslira_cli.deployment import DEVELOPMENT_USER, Token, Url, User, user_login
from oslira_cli.failures import Exit, exits_on_failure

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
    from oslira_cli.work import interrupted  # noqa: PLC0415

    ordered: list[UUID] = []

    async def run() -> "Analyzed":
        return await _analyze(await user_login(url, token, user), name, kind, ordered)

    with exits_on_failure():
        try:
            done = asyncio.run(run())
        except KeyboardInterrupt:
            raise interrupted("run", ordered[0] if ordered else None) from None
    body = done.run.model_dump(mode="json")
    if as_json:
        print(json.dumps(body, indent=2, ensure_ascii=False))
    else:
        from rich.console import Console  # noqa: PLC0415

        from oslira_cli.card import card  # noqa: PLC0415

        Console().print(card(body, took_s=done.took_s, is_returned=done.is_returned))
    raise typer.Exit(Exit.DONE if body["status"] == "completed" else Exit.FAILED)


@dataclass(frozen=True, slots=True)
class Analyzed:
    """`is_returned`: an earlier analysis answered the order, so nothing was charged for it."""

    run: "Run"
    took_s: float
    is_returned: bool


async def _analyze(
    login: "Login", name: str, kind: Literal["light", "deep", "xray"], ordered: list[UUID]
) -> Analyzed:
    from oslira_client import ENDED  # noqa: PLC0415
    from oslira_client.generated.analyses import AnalysisBody  # noqa: PLC0415
    from oslira_client.generated.shared import Run as ReturnedRun  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    from oslira_cli.reconnecting import Reconnecting, connect  # noqa: PLC0415
    from oslira_cli.work import business_profile_of, settled  # noqa: PLC0415

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[step]}"),
        TimeElapsedColumn(),
    )
    reconnecting = Reconnecting()
    async with connect(login.url, login.token, reconnecting) as oslira:
        business_profile_id = await business_profile_of(oslira)
        started = time.monotonic()
        order = AnalysisBody(username=name, type=kind, business_profile_id=business_profile_id)
        accepted = await oslira.analyses.create_analysis(order)
        run_id = accepted.run_id
        ordered.append(run_id)
        # Progress goes to stderr, so that --json prints only JSON.
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task(name, total=100, step=accepted.status)
            if accepted.status not in ENDED:
                async for event in oslira.analyses.follow_run(run_id):
                    progress.update(task, completed=event.data.progress, step=event.data.current_step)
        took_s = time.monotonic() - started
        run = await settled(oslira, run_id, reconnecting=reconnecting)
        return Analyzed(run, took_s, isinstance(accepted, ReturnedRun))
