"""Calls that share work: none is served by work that began before it, and nobody's error or cancel is another's."""

import asyncio
from typing import Any

import pytest
from oslira_shared.coalesced import Coalesced


class Work:
    """Counts its calls; each waits until it is let through."""

    def __init__(self) -> None:
        self.begun = 0
        self.followed: list[int] = []
        self.gate = asyncio.Event()

    async def __call__(self) -> int:
        self.begun += 1
        number = self.begun
        await self.gate.wait()
        return number

    async def then(self, number: int) -> None:
        self.followed.append(number)


async def _turns(times: int = 5) -> None:
    for _ in range(times):
        await asyncio.sleep(0)


async def _ask(calls: Coalesced[Any], times: int) -> list[asyncio.Task[None]]:
    asked = [asyncio.create_task(calls()) for _ in range(times)]
    await _turns()
    return asked


async def test_callers_that_arrive_during_a_call_share_the_next_one() -> None:
    work = Work()
    calls = Coalesced(work, work.then, name="test")
    first = await _ask(calls, 1)
    later = await _ask(calls, 9)
    assert work.begun == 1
    work.gate.set()
    await asyncio.gather(*first, *later)
    assert work.begun == 2
    assert work.followed == [1, 2]


async def test_the_next_call_does_not_wait_for_what_follows_the_first() -> None:
    work, hold = Work(), asyncio.Event()
    work.gate.set()

    async def then(_: int) -> None:
        await hold.wait()

    calls = Coalesced(work, then, name="test")
    asked = [*await _ask(calls, 1), *await _ask(calls, 1)]
    assert work.begun == 2
    hold.set()
    await asyncio.gather(*asked)


async def test_a_cancelled_caller_does_not_stop_the_work_of_the_others() -> None:
    work = Work()
    calls = Coalesced(work, work.then, name="test")
    asked = await _ask(calls, 2)
    asked[0].cancel()
    work.gate.set()
    await asked[1]
    assert work.followed == [1]


async def test_callers_get_the_error_and_the_next_call_works() -> None:
    errors = iter([ValueError("down"), None])

    async def work() -> None:
        if (error := next(errors)) is not None:
            raise error

    async def then(_: None) -> None: ...

    calls = Coalesced(work, then, name="test")
    with pytest.raises(ValueError, match="down"):
        await calls()
    await calls()
