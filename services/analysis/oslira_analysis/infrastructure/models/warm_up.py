"""Load what the first run would otherwise wait for: SDKs, their clients and the prompts.

This takes two seconds of CPU, which must not delay readiness, and runs may be active meanwhile. So it is one thread,
in the order in which a run needs things: the store and the scraper first, the models seconds later.
"""

import asyncio
import gc
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Final

import structlog

from oslira_analysis.domain.models.calls import CALLS
from oslira_analysis.prompts import load_instructions

_LOG = structlog.get_logger()
# How long the importing thread may block the event loop: the default is 5 ms for each of a run's many steps.
_SWITCH_S: Final = 0.0005
Step = Callable[[], object]


async def warm_up(clients: Sequence[Step]) -> None:
    """Create `clients` sequentially, then what parsing of answers needs."""
    with _lean_imports():
        for step in (*clients, _load_calls):
            try:
                await asyncio.to_thread(step)
            except Exception:  # noqa: BLE001  # who needs it will try again, and say what is wrong
                _LOG.exception("warm_up_failed")
    # These objects live as long as the process: freeze them, so that the garbage collector does not scan them (0.1 s each time).
    gc.freeze()


@contextmanager
def _lean_imports() -> Generator[None]:
    interval_s = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_S)
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        sys.setswitchinterval(interval_s)


def _load_calls() -> None:
    for call in {call.name: call for calls in CALLS.values() for call in calls}.values():
        load_instructions(call.task)
