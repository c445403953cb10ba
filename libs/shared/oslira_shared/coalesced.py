"""Work that serves everything that was committed before it began, so that one call is enough for many callers."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Coalesced(Generic[T]):
    """Calls `work` one at a time. Calls that arrive while it runs share the next one.

    The shared call begins after all of its callers have asked, so it sees what each of them committed. A single caller does
    not wait. `then` handles the result of each call, while the next one may already run.
    """

    def __init__(
        self, work: Callable[[], Awaitable[T]], then: Callable[[T], Awaitable[None]], *, name: str
    ) -> None:
        self._work = work
        self._then = then
        self._name = name
        self._turn = asyncio.Lock()
        self._next: asyncio.Task[None] | None = None

    async def __call__(self) -> None:
        """Returns when the work and what follows are done. Raises their errors. A caller that is cancelled does not stop them."""
        if self._next is None:
            self._next = asyncio.create_task(self._run(), name=self._name)
            self._next.add_done_callback(_retrieve)
        await asyncio.shield(self._next)

    async def _run(self) -> None:
        async with self._turn:
            self._next = None  # from here on a caller needs another call: this one may not see its commit
            result = await self._work()
        await self._then(result)


def _retrieve(task: asyncio.Task[None]) -> None:
    """All callers may have been cancelled: then its error is not an unretrieved one."""
    if not task.cancelled():
        task.exception()
