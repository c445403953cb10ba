"""A total time limit for every call to another system.

The time limits of HTTP clients, boto3 and sockets are for one read each: a peer that sends one byte a second never exceeds them.
Every call that leaves the process uses this module, or tests/limits/test_call_time_limits.py names its other limit.
"""

import asyncio
import contextvars
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from oslira_shared.observability import metrics

T = TypeVar("T")


class DeadlineExceeded(TimeoutError):  # noqa: N818
    """`call` did not end within `limit_s`. Whether the other side did what was requested is unknown."""

    def __init__(self, call: str, limit_s: float) -> None:
        super().__init__(f"{call} was not over within {limit_s:g} s")
        self.call = call
        self.limit_s = limit_s


async def within(limit_s: float, exchange: Awaitable[T], *, call: str) -> T:
    """The result of `exchange`, which is cancelled at the limit. `call` names it in the metric: a fixed word.

    Raises DeadlineExceeded, and whatever `exchange` raises.
    """
    limit = asyncio.timeout(limit_s)
    try:
        async with limit:
            return await exchange
    except TimeoutError as error:
        if not limit.expired():  # a shorter limit inside it
            raise
        raise _exceeded(call, limit_s) from error


class BlockingCalls:
    """Blocking calls, each in a thread, at most `most` at the same time.

    A thread can't be stopped from outside. A call that exceeds its limit is therefore abandoned and keeps its slot until it
    returns, so that hung calls use up only these slots. The threads are daemons: the process doesn't wait for them at exit.
    """

    def __init__(self, name: str, *, most: int) -> None:
        self._name = name
        self._places = asyncio.Semaphore(most)

    async def run(self, blocking: Callable[[], T], *, limit_s: float) -> T:
        """The limit includes the wait for a slot. Raises DeadlineExceeded, and the errors of `blocking`."""
        return await within(limit_s, self._run(blocking), call=self._name)

    async def _run(self, blocking: Callable[[], T]) -> T:
        await self._places.acquire()
        loop = asyncio.get_running_loop()
        running = _in_daemon(blocking, self._name)
        running.add_done_callback(lambda _: _release(loop, self._places))
        ending = asyncio.wrap_future(running)
        ending.add_done_callback(_retrieve)
        # Shielded: cancelling the wait must not mark a running call as cancelled.
        return await asyncio.shield(ending)


def blocking_within(limit_s: float, blocking: Callable[[], T], *, call: str) -> T:
    """For code without an event loop. Raises DeadlineExceeded, and the errors of `blocking`."""
    running = _in_daemon(blocking, call)
    try:
        return running.result(limit_s)
    except TimeoutError as error:
        if running.done():  # its own
            raise
        raise _exceeded(call, limit_s) from error


def _exceeded(call: str, limit_s: float) -> DeadlineExceeded:
    metrics.DEADLINES_EXCEEDED.labels(call).inc()
    return DeadlineExceeded(call, limit_s)


def _in_daemon(blocking: Callable[[], T], name: str) -> Future[T]:
    """Not ThreadPoolExecutor: its threads would delay the exit of the process."""
    result: Future[T] = Future()
    context = contextvars.copy_context()

    def work() -> None:
        try:
            found = context.run(blocking)
        except BaseException as error:  # noqa: BLE001  # passed to the waiting caller
            result.set_exception(error)
        else:
            result.set_result(found)

    threading.Thread(target=work, name=name, daemon=True).start()
    return result


def _retrieve(ended: asyncio.Future[Any]) -> None:
    """An error after the limit has no reader, and asyncio would log it as never retrieved."""
    if not ended.cancelled():
        ended.exception()


def _release(loop: asyncio.AbstractEventLoop, places: asyncio.Semaphore) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(places.release)
