"""`oslira failed list | show | replay`: work that ended badly, why, and another try."""

import asyncio
import json
import sys
from collections.abc import Coroutine
from typing import Annotated, Any, TypeVar

import typer

failed = typer.Typer(
    help="Failed runs, dead webhook events and dead letters: list, show, replay.", no_args_is_help=True
)
AnswerT = TypeVar("AnswerT")


@failed.command("list")
def list_failed(
    limit: Annotated[int, typer.Option(help="The newest so many of each kind.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,  # noqa: FBT002
) -> None:
    """What failed and why, newest first; no names of profiles are shown."""
    from oslira_devstack.failed_work import list_failed as look  # noqa: PLC0415

    found = _answer(look(_stack(), limit=limit))
    if as_json:
        print(json.dumps([one.__dict__ for one in found], default=str))
        return
    for one in found:
        print(f"{one.kind:8} {one.id}  {one.at:%Y-%m-%d %H:%M:%S}  attempts {one.attempts}  {one.reason}")
    print(f"{len(found)} failed")


@failed.command("show")
def show(item_id: Annotated[str, typer.Argument(help="An id of the list.")]) -> None:
    """Everything that is kept of one, as JSON: its order or message, reason, attempts and times."""
    from oslira_devstack.failed_work import show_failed  # noqa: PLC0415

    item = _answer(show_failed(_stack(), item_id))
    if item is None:
        print(f"oslira: nothing failed under the id {item_id}", file=sys.stderr)
        raise typer.Exit(1)
    print(json.dumps(item, indent=2, default=str, ensure_ascii=False))


@failed.command("replay")
def replay(item_id: Annotated[str, typer.Argument(help="A run's or a webhook event's id.")]) -> None:
    """Try it again: a run as a new run with a new hold, a webhook event as itself."""
    from oslira_shared.errors import OsliraError  # noqa: PLC0415

    from oslira_devstack.failed_work import replay_failed  # noqa: PLC0415

    try:
        print(f"replayed as {_answer(replay_failed(_stack(), item_id))}")
    except OsliraError as error:
        print(f"oslira: {error.code}: {error.detail}", file=sys.stderr)
        raise typer.Exit(1) from None


def _stack() -> Any:
    from oslira_devstack.access import NoStack, find_stack  # noqa: PLC0415

    try:
        return find_stack()
    except NoStack as error:
        print(f"oslira: {error}", file=sys.stderr)
        raise typer.Exit(2) from None


def _answer(work: Coroutine[Any, Any, AnswerT]) -> AnswerT:
    return asyncio.run(work)
