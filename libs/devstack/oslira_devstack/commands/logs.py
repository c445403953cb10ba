"""`oslira logs`: what the processes of the stack on this machine wrote."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import typer
from oslira_cli.failures import Exit

_LOOK_EVERY_S: Final = 0.3
# Of each file: enough for the longest tail that is asked for.
_MOST_BYTES: Final = 4 * 1024 * 1024


def logs(
    names: Annotated[list[str] | None, typer.Argument(help="Processes, such as analysis; else all.")] = None,
    *,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="The last so many of each.")] = 20,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with new lines, until Ctrl-C.")
    ] = False,
) -> None:
    """Print logs, each line after its process's name. Also those of a stack that has ended."""
    from oslira_devstack.datadir import DataDirectory, default_path  # noqa: PLC0415

    folder = DataDirectory(default_path()).logs
    known = {path.stem: path for path in sorted(folder.glob("*.log"))}
    chosen = names or list(known)
    unknown = [name for name in chosen if name not in known]
    if unknown or not known:
        missing = ", ".join(unknown) or "any process"
        there = ", ".join(known) or "none"
        print(f"oslira: no log of {missing} in {folder}; there are: {there}", file=sys.stderr)
        raise typer.Exit(Exit.USAGE)
    width = max(map(len, chosen))
    places = {name: _tail(known[name], lines) for name in chosen}
    for name in chosen:
        for line in places[name][0]:
            print(f"{name:{width}} {line}")
    if follow:
        _follow({name: known[name] for name in chosen}, {name: at for name, (_, at) in places.items()}, width)


def _tail(path: Path, lines: int) -> tuple[list[str], int]:
    """(the last lines, the file's size)."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - _MOST_BYTES))
        text = file.read(_MOST_BYTES).decode(errors="replace")
    return text.splitlines()[-lines:] if lines else [], size


def _follow(paths: dict[str, Path], at: dict[str, int], width: int) -> None:
    try:
        while True:
            for name, path in paths.items():
                for line in _new_lines(path, at, name):
                    print(f"{name:{width}} {line}", flush=True)
            time.sleep(_LOOK_EVERY_S)
    except KeyboardInterrupt:
        return


def _new_lines(path: Path, at: dict[str, int], name: str) -> Iterator[str]:
    if path.stat().st_size < at[name]:  # a new stack began the file again
        at[name] = 0
    with path.open("rb") as file:
        file.seek(at[name])
        text = file.read(_MOST_BYTES)
    whole = text[: text.rfind(b"\n") + 1]
    at[name] += len(whole)
    yield from whole.decode(errors="replace").splitlines()
