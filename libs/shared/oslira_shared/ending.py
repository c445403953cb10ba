"""Ending what runs in the background, for certain."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

_AGAIN_S: Final = 2.0


async def end_all(tasks: Sequence[asyncio.Task[Any]]) -> None:
    """Cancel them, and those that go on once more. Returns when all have ended; what they raised is theirs.

    Before Python 3.12 `asyncio.wait_for` loses a cancellation that comes together with its answer: a loop around it would turn on
    for ever, and whoever waits for its end with it.
    """
    left = {task for task in tasks if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=_AGAIN_S)
    await asyncio.gather(*tasks, return_exceptions=True)
