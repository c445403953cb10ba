"""Running a stack in the foreground: signals, refusals, exit codes."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from oslira_shared.errors import OsliraError

from oslira_devstack import datadir
from oslira_devstack.child import DidNotStart
from oslira_devstack.datadir import StackIsRunning
from oslira_devstack.ports import BusyPort
from oslira_devstack.stack import Stack, StackConfig

Serve = Callable[[Stack, asyncio.Event], Awaitable[None]]


def usual_config(*, profiles: Path | None, speed: float) -> StackConfig:
    """The default ports (8080, 8081, 909x), persistent data, real providers where their keys are given."""
    gateway = int(os.environ.get("OSLIRA_PORT") or 8080)
    return StackConfig(
        data_dir=datadir.default_path(),
        gateway_port=gateway,
        billing_port=int(os.environ.get("OSLIRA_BILLING_PORT") or gateway + 1),
        usual_internal_ports=True,
        speed=speed,
        profiles=profiles.absolute() if profiles else None,
        allow_real_providers=True,
        report=lambda line: print(line, file=sys.stderr, flush=True),
    )


def run_until_signal(config: StackConfig, serve: Serve) -> None:
    """Start the stack, run `serve`, stop everything. `serve` gets an event that Ctrl-C or SIGTERM sets.

    A stack that can't start ends this process with 1 and one line that says why.
    """
    try:
        asyncio.run(_run(config, serve))
    except (StackIsRunning, BusyPort, DidNotStart, OsliraError) as refusal:
        print(f"oslira: {refusal}", file=sys.stderr)
        sys.exit(1)


async def _run(config: StackConfig, serve: Serve) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()

    def tell() -> None:
        # Until everything is up no code waits for the event: cancel the start instead.
        stopping.set()
        if task is not None and not is_up:
            task.cancel()

    is_up = False
    for one in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(one, tell)
    try:
        async with Stack(config) as stack:
            is_up = True
            await serve(stack, stopping)
    except asyncio.CancelledError:
        if not stopping.is_set():
            raise
        sys.exit(130)
