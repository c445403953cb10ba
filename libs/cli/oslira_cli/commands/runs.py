"""`oslira runs` and `oslira cancel ID`: an account's runs, and the end of one."""

import asyncio
import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from oslira_cli.deployment import (
    DEVELOPMENT_USER,
    AdminToken,
    Login,
    Token,
    Url,
    User,
    admin_login,
    user_login,
)
from oslira_cli.failures import Exit, exits_on_failure

if TYPE_CHECKING:
    from oslira_client.generated.shared import RunSummary


def runs(
    *,
    status: Annotated[
        str | None,
        typer.Option(help="queued, waiting, scraping, scoring, completed, failed or cancelled."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="The newest so many.")] = 20,
    url: Url = None,
    token: Token = None,
    user: User = DEVELOPMENT_USER,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """The account's runs, newest first."""

    async def read() -> "list[RunSummary]":
        from oslira_client import Oslira  # noqa: PLC0415

        login = await user_login(url, token, user)
        async with Oslira(login.url, login.token) as oslira:
            return (await oslira.analyses.list_runs(status=status, limit=limit).first()).items

    with exits_on_failure():
        found = asyncio.run(read())
    if as_json:
        print(json.dumps([one.model_dump(mode="json") for one in found], ensure_ascii=False))
        return
    for one in found:
        error = f"  {one.error.code}" if one.error else ""
        print(
            f"{one.run_id}  {one.created_at:%Y-%m-%d %H:%M}  {one.type:5}  {one.status:9}  {one.progress:3} %"
            f"  @{one.username}{error}"
        )


def cancel(
    work_id: Annotated[str, typer.Argument(help="A run's or a bulk's id.")],
    *,
    url: Annotated[
        str | None,
        typer.Option("--url", help="The API, or with --operator the gateway's internal port."),
    ] = None,
    token: Token = None,
    user: User = DEVELOPMENT_USER,
    operator: Annotated[
        bool, typer.Option("--operator", help="As an operator, for any account; it is recorded.")
    ] = False,
    operator_token: AdminToken = None,
) -> None:
    """End a run, or what is left of a bulk. Credits of what had not completed come back. Exits 1 if it had ended before."""
    import os  # noqa: PLC0415

    with exits_on_failure():
        if operator:
            login = admin_login(url or os.environ.get("OSLIRA_ADMIN_URL"), operator_token)
            status, detail = asyncio.run(_cancel_as_operator(login, work_id))
        else:
            status, detail = asyncio.run(_cancel(url or os.environ.get("OSLIRA_URL"), token, user, work_id))
    print(f"{work_id} {status}{detail}")
    raise typer.Exit(Exit.DONE if status == "cancelled" else Exit.FAILED)


async def _cancel(url: str | None, token: str | None, user: str, work_id: str) -> tuple[str, str]:
    from oslira_client import Oslira  # noqa: PLC0415
    from oslira_client.errors import Conflict, NotFound  # noqa: PLC0415

    login = await user_login(url, token, user)
    async with Oslira(login.url, login.token) as oslira:
        try:
            try:
                run = await oslira.analyses.cancel_run(work_id)
            except NotFound:
                bulk = await oslira.bulk.cancel_bulk(work_id)
                return str(bulk.status), f", {bulk.credits.released} credits came back"
        except Conflict as error:  # it had ended
            return "had ended", f": {error.detail}"
        return str(run.status), f", {run.credits.released} credits came back"


async def _cancel_as_operator(login: Login, work_id: str) -> tuple[str, str]:
    from urllib.parse import quote  # noqa: PLC0415

    from oslira_client.errors import NotFound  # noqa: PLC0415

    from oslira_cli.admin import Admin  # noqa: PLC0415

    place = quote(work_id, safe="")
    async with Admin(login) as admin:
        answer: dict[str, Any]
        try:
            answer = await admin.ask("POST", f"/runs/{place}/cancel")
        except NotFound:
            answer = await admin.ask("POST", f"/bulk/{place}/cancel")
    return answer["status"], f", of account {answer['account_id']}"
