"""Ending loops that run in the background, for certain."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

_AGAIN_S: Final = 2.0


async def end_all(loops: Sequence[asyncio.Task[Any]]) -> None:
    """Cancel them, and those that go on once more. Returns when all have ended; what they raised is theirs.

    Before Python 3.12 `asyncio.wait_for` loses a cancellation that comes together with its answer: the loop around it would turn on
    for ever, and whoever waits for its end with it.
    """
    left = {loop for loop in loops if not loop.done()}
    while left:
        for loop in left:
            loop.cancel()
        _, left = await asyncio.wait(left, timeout=_AGAIN_S)
    await asyncio.gather(*loops, return_exceptions=True)
