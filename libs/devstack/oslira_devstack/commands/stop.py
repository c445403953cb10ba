"""`oslira stop`: end the stack that runs here, as Ctrl-C in its terminal does."""

import os
import signal
import sys
import time
from contextlib import suppress
from typing import Annotated, Final

import typer
from oslira_cli.failures import Exit

_LOOK_EVERY_S: Final = 0.2


def stop(
    wait_s: Annotated[float, typer.Option("--wait", min=0, help="Seconds to wait for its end.")] = 90.0,
) -> None:
    """Stop the stack on this data directory. Work is released, and goes on at the next start. Exits 5 if it takes too long."""
    from oslira_devstack.datadir import DataDirectory, default_path  # noqa: PLC0415

    data = DataDirectory(default_path())
    pid = data.holder_pid()
    if pid is None:
        print(f"no stack runs on {data.path}", file=sys.stderr)
        return
    with suppress(ProcessLookupError):  # it ends right now
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + wait_s
    while data.holder_pid() == pid:  # the kernel drops its lock when it has ended
        if time.monotonic() > deadline:
            print(f"oslira: the stack (pid {pid}) has not ended after {wait_s:g} s", file=sys.stderr)
            raise typer.Exit(Exit.UNFINISHED)
        time.sleep(_LOOK_EVERY_S)
    print("stopped")
