"""`oslira demo`: starts everything and shows that every promise of the main job holds."""

import asyncio
import shutil
import sys
import tempfile
from collections.abc import Coroutine, Generator
from contextlib import contextmanager
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Any, Protocol

import typer


def demo(
    profiles: Annotated[
        Path | None, typer.Option(help="Folder of scraped items to score, every one.", exists=True)
    ] = None,
    speed: Annotated[float, typer.Option(help="Divides the simulators' latencies.", min=0.01)] = 1.0,
    *,
    tls: Annotated[
        bool, typer.Option("--tls", help="Encrypt NATS and Postgres, with certificates of this stack's own.")
    ] = False,
    engine: Annotated[
        bool, typer.Option("--engine", help="The engine's promises instead, each at its full count: long.")
    ] = False,
    bad_day: Annotated[
        bool, typer.Option("--bad-day", help="An hour of failing suppliers instead, in about 11 minutes.")
    ] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="With --engine or --bad-day: reduced counts.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="With --engine or --bad-day: the findings as JSON.")
    ] = False,
) -> None:
    """Show the main job on a stack of its own, in about two minutes. Exits 0 only if all of it held."""
    from oslira_devstack.commands.run import refusing  # noqa: PLC0415
    from oslira_devstack.demo.program import run_program  # noqa: PLC0415

    with refusing(), _own_directory() as directory:
        if bad_day or engine:
            run = _program("bad-day" if bad_day else "engine")
            has_held = asyncio.run(run(directory, quick=quick, as_json=as_json))
        else:
            folder = profiles.absolute() if profiles else None
            has_held = not asyncio.run(run_program(directory, profiles=folder, speed=speed, tls=tls))
    raise typer.Exit(0 if has_held else 1)


@contextmanager
def _own_directory() -> Generator[Path]:
    # Not the folder of temporary files itself: Postgres may have to run as another user, who must be able to pass.
    directory = Path(tempfile.mkdtemp(prefix="oslira-demo-"))
    try:
        directory.chmod(0o711)
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


class Program(Protocol):
    """A demonstration that another package adds, by the entry point group `oslira.demos`."""

    def __call__(self, directory: Path, /, *, quick: bool, as_json: bool) -> Coroutine[Any, Any, bool]:
        """Whether all of it held, on a stack of its own in `directory`."""
        ...


def _program(name: str) -> Program:
    # The measured promises are tests: this package may not import them.
    for found in entry_points(group="oslira.demos", name=name):
        return found.load()
    print(
        f"oslira: the program {name} is part of a checkout (tests/proof), and is not installed: make venv",
        file=sys.stderr,
    )
    raise typer.Exit(2)
