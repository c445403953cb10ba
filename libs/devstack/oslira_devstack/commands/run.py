"""Running a stack in the foreground: signals, refusals, exit codes."""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from oslira_shared.errors import OsliraError
from oslira_shared.settings import load_settings

from oslira_devstack import datadir
from oslira_devstack.child import DidNotStart
from oslira_devstack.credentials import BrokenSecrets
from oslira_devstack.datadir import StackIsRunning
from oslira_devstack.free_space import NoSpace
from oslira_devstack.ports import BusyPort
from oslira_devstack.settings import StackSettings
from oslira_devstack.stack import Stack, StackConfig

Serve = Callable[[Stack, asyncio.Event], Awaitable[None]]


def usual_config(*, profiles: Path | None, speed: float, tls: bool = False) -> StackConfig:
    """The default ports (8080, 8081, 8082, 909x), persistent data, real providers where their keys are given.

    A wrong setting ends this process with 78 and one line that names it.
    """
    settings = load_settings(StackSettings)
    return StackConfig(
        data_dir=datadir.default_path(),
        gateway_port=settings.gateway_port,
        billing_port=settings.billing_port or settings.gateway_port + 1,
        has_console=True,
        console_port=settings.console_port or settings.gateway_port + 2,
        tls=tls,
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
    with refusing():
        asyncio.run(_run(config, serve))


@contextmanager
def refusing() -> Generator[None]:
    """What keeps a stack from starting ends this process with 1 and one line; the log of a server may follow it."""
    try:
        yield
    except (StackIsRunning, BusyPort, NoSpace, BrokenSecrets, DidNotStart, OsliraError) as refusal:
        print(f"oslira: {refusal}", file=sys.stderr)
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        print(
            f"oslira: {error.strerror or error}{where} (OSLIRA_DATA_DIR says where data is kept)",
            file=sys.stderr,
        )
    else:
        return
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
