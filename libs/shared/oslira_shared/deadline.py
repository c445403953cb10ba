"""A total time limit for every call to another system.

The time limits of HTTP clients, boto3 and sockets are for one read each: a peer that sends one byte a second never exceeds them.
Every call that leaves the process uses this module, or tests/limits/test_call_time_limits.py names its other limit.
"""

import asyncio
import contextvars
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, Final, TypeVar

from oslira_shared.observability import metrics

T = TypeVar("T")
_IDLE_S: Final = 30.0


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
        self._threads = _Threads(name)
        self._places = asyncio.Semaphore(most)

    async def run(self, blocking: Callable[[], T], *, limit_s: float) -> T:
        """The limit includes the wait for a slot. Raises DeadlineExceeded, and the errors of `blocking`."""
        return await within(limit_s, self._run(blocking), call=self._name)

    async def _run(self, blocking: Callable[[], T]) -> T:
        await self._places.acquire()
        loop = asyncio.get_running_loop()
        running = self._threads.start(blocking)
        running.add_done_callback(lambda _: _release(loop, self._places))
        ending = asyncio.wrap_future(running)
        ending.add_done_callback(_retrieve)
        # Shielded: cancelling the wait must not mark a running call as cancelled.
        return await asyncio.shield(ending)


def blocking_within(limit_s: float, blocking: Callable[[], T], *, call: str) -> T:
    """For code without an event loop. Raises DeadlineExceeded, and the errors of `blocking`."""
    running = _Threads(call).start(blocking)
    try:
        return running.result(limit_s)
    except TimeoutError as error:
        if running.done():  # its own
            raise
        raise _exceeded(call, limit_s) from error


def _exceeded(call: str, limit_s: float) -> DeadlineExceeded:
    metrics.DEADLINES_EXCEEDED.labels(call).inc()
    return DeadlineExceeded(call, limit_s)


class _Threads:
    """Daemon threads that are kept for the next call for a while, because starting one costs as much as a small call.

    Not ThreadPoolExecutor: its threads would delay the exit of the process.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._jobs: SimpleQueue[Callable[[], Callable[[], None]]] = SimpleQueue()
        self._lock = threading.Lock()
        self._idle = 0  # threads that wait, without those that a queued job is for

    def start(self, blocking: Callable[[], T]) -> Future[T]:
        """Run it in an idle thread, or in a new one: it never waits for another call."""
        result: Future[T] = Future()
        context = contextvars.copy_context()

        def job() -> Callable[[], None]:
            try:
                found = context.run(blocking)
            except BaseException as error:  # noqa: BLE001  # passed to the waiting caller
                return partial(result.set_exception, error)
            return partial(result.set_result, found)

        with self._lock:
            is_new = self._idle == 0
            if not is_new:
                self._idle -= 1
        self._jobs.put(job)
        if is_new:
            threading.Thread(target=self._work, name=self._name, daemon=True).start()
        return result

    def _work(self) -> None:
        while True:
            try:
                answer = self._jobs.get(timeout=_IDLE_S)()
            except Empty:
                with self._lock:
                    if self._idle == 0:  # a job was put at the same moment, for this thread
                        continue
                    self._idle -= 1
                return
            # Idle before the caller knows that its call is over, so that its next call finds this thread.
            with self._lock:
                self._idle += 1
            answer()


def _retrieve(ended: asyncio.Future[Any]) -> None:
    """An error after the limit has no reader, and asyncio would log it as never retrieved."""
    if not ended.cancelled():
        ended.exception()


def _release(loop: asyncio.AbstractEventLoop, places: asyncio.Semaphore) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(places.release)
