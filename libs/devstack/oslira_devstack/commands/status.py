"""`oslira status`: whether a stack runs on this data directory, and where."""

import json
import sys
from typing import Annotated

import typer


def status(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:  # noqa: FBT002
    """Say what runs. Exits 1 when nothing does."""
    from oslira_devstack.datadir import DataDirectory, default_path  # noqa: PLC0415

    state = DataDirectory(default_path()).read_state()
    if state is None:
        print(f"no stack runs on {default_path()}", file=sys.stderr)
        raise typer.Exit(1)
    if as_json:
        print(json.dumps(state, indent=2))
        return
    print(f"ready {state['gateway_url']}")
    if "console_url" in state:
        print(f"console {state['console_url']}/app")
    for name, process in state["processes"].items():
        print(f"{name:<14} pid {process['pid']:<8} {process['log']}")
