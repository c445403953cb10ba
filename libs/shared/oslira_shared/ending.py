"""Ends background tasks reliably."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

_AGAIN_S: Final = 2.0


async def end_all(tasks: Sequence[asyncio.Task[Any]]) -> None:
    """Cancel the tasks, and cancel again those that continue. Returns when all have ended; their errors are ignored.

    Before Python 3.12 `asyncio.wait_for` loses a cancellation that arrives together with its result: a loop around it would
    run without limit, and the caller that waits for its end too.
    """
    left = {task for task in tasks if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=_AGAIN_S)
    await asyncio.gather(*tasks, return_exceptions=True)
