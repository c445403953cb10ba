"""A loop that loses a cancellation is ended all the same."""

import asyncio
from contextlib import suppress

from oslira_shared.ending import end_all


async def test_a_loop_that_loses_a_cancellation_is_cancelled_again() -> None:
    lost: list[str] = []

    async def turn() -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        lost.append("one")
        while True:
            await asyncio.sleep(60)

    async def fail() -> None:
        raise ValueError("of its own")

    loops = [asyncio.create_task(turn()), asyncio.create_task(fail())]
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await end_all(loops)
    assert lost == ["one"]
    assert all(loop.done() for loop in loops)
