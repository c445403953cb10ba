"""Waits until a started process answers."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

from oslira_devstack.child import Child, DidNotStart

_INTERVAL_S: Final = 0.05


async def wait_ready(
    child: Child, answers: Callable[[], Awaitable[bool]], *, timeout_s: float = 30.0
) -> None:
    """Call `answers` until it returns true. Raises DidNotStart with the end of the child's log when it ends or takes too long."""
    started = time.monotonic()
    while True:
        if not child.is_running:
            raise DidNotStart(
                f"{child.name} ended with {child.exit_code} while starting:\n{child.last_lines()}"
            )
        if await answers():
            return
        if time.monotonic() - started > timeout_s:
            raise DidNotStart(
                f"{child.name} did not answer within {timeout_s:.0f} s; its log {child.log} ends:\n{child.last_lines()}"
            )
        await asyncio.sleep(_INTERVAL_S)
