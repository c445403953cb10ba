"""`oslira bulk FILE`: many analyses under one hold, followed live."""

import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from oslira_cli.deployment import DEVELOPMENT_USER, Token, Url, User, user_login
from oslira_cli.failures import Exit, exits_on_failure, fail

if TYPE_CHECKING:
    from oslira_cli.deployment import Login


def bulk(  # noqa: PLR0917  # typer makes options of them
    file: Annotated[Path, typer.Argument(help="A CSV, or one name or profile URL a line; - for stdin.")],
    kind: Annotated[str, typer.Option("--type", help="light, deep or xray.")] = "light",
    max_credits: Annotated[int | None, typer.Option(help="Take no more names than this pays for.")] = None,
    stop_after: Annotated[int | None, typer.Option(help="End it once so many leads score --score.")] = None,
    score: Annotated[int | None, typer.Option(help="What a good lead scores, 0 to 100.")] = None,
    column: Annotated[
        str | None, typer.Option(help="Which column of the CSV holds the names: its title or number.")
    ] = None,
    url: Url = None,
    token: Token = None,
    user: User = DEVELOPMENT_USER,
    quote: Annotated[bool, typer.Option("--quote", help="Only say what it would do and cost.")] = False,  # noqa: FBT002
    as_json: Annotated[bool, typer.Option("--json", help="Print the finished bulk as JSON.")] = False,  # noqa: FBT002
) -> None:
    """Score a list of profiles. Exits 1 unless it was accepted and ended."""
    from oslira_client import ApiError  # noqa: PLC0415

    from oslira_cli.work import interrupted  # noqa: PLC0415

    ordered: list[UUID] = []
    terms = {
        "max_credits": max_credits,
        "stop_after_leads": stop_after,
        "stop_score": score,
        "column": column,
    }
    given = {name: value for name, value in terms.items() if value is not None}

    async def run() -> dict[str, Any]:
        login = await user_login(url, token, user)
        return await _bulk(login, body, ordered, quote=quote, terms={"type": kind, **given})

    try:
        body = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise fail(str(error), status=Exit.USAGE) from None
    with exits_on_failure():
        try:
            result = asyncio.run(run())
        except ApiError as error:
            _show_columns(error.body.get("columns", ()))
            raise
        except KeyboardInterrupt:
            raise interrupted("bulk", ordered[0] if ordered else None) from None
    if as_json or quote:
        print(json.dumps(result, indent=2, ensure_ascii=False))
        return
    for line in result["rejected"]:
        print(f"line {line['line']}: {line['problem']}: {line['detail']}")
    counts, charged = result["counts"], result["credits"]
    print(
        f"{result['status']}: {counts['completed']} completed, {counts['failed']} failed, "
        f"{counts['cancelled']} cancelled, {counts['linked']} were there already; "
        f"{charged['charged']} credits charged, {charged['released']} came back"
    )


def _show_columns(columns: Any) -> None:
    """Those that may hold the names, where the file does not say which does."""
    for choice in columns:
        title = "no title" if choice["title"] is None else repr(choice["title"])
        print(
            f"  --column {choice['column']} ({title}): {', '.join(choice['examples']) or 'no names'}",
            file=sys.stderr,
        )


async def _bulk(
    login: "Login", body: bytes, ordered: list[UUID], *, quote: bool, terms: dict[str, Any]
) -> dict[str, Any]:
    from oslira_client import Csv  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn  # noqa: PLC0415

    from oslira_cli.reconnecting import Reconnecting, connect  # noqa: PLC0415
    from oslira_cli.work import business_profile_of  # noqa: PLC0415

    reconnecting = Reconnecting()
    async with connect(login.url, login.token, reconnecting) as oslira:
        business_profile_id = await business_profile_of(oslira)
        names, terms = Csv(body), {"business_profile_id": business_profile_id, **terms}
        if quote:
            return (await oslira.bulk.quote_bulk(names, **terms)).model_dump(mode="json")
        bulk = (await oslira.bulk.create_bulk(names, **terms)).bulk
        bulk_id = bulk.bulk_id
        ordered.append(bulk_id)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        # Progress goes to stderr, so that --json prints only JSON.
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("bulk", total=bulk.counts.total)
            while bulk.status == "running" or bulk.credits.held:
                await asyncio.sleep(0.5)
                bulk = await reconnecting.until_answered(lambda: oslira.bulk.get_bulk(bulk_id))
                counts = bulk.counts
                progress.update(task, completed=counts.completed + counts.failed + counts.cancelled)
        return bulk.model_dump(mode="json")
