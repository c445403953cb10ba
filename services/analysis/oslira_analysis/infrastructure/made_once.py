"""What is slow to make, made when it is first needed, and never on the event loop."""

import asyncio
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class MadeOnce(Generic[T]):
    """`make` imports an SDK and builds its client: up to a second of CPU. Whoever comes first waits for it, in a thread.

    `key`: what it was made with, such as a secret that may be rotated; made again when that changes.
    """

    def __init__(self, make: Callable[[], T], *, key: Callable[[], str] = str) -> None:
        self._make, self._key = make, key
        self._made: list[tuple[str, T]] = []
        self._lock = threading.Lock()

    def get(self) -> T:
        """Blocks: for a thread."""
        with self._lock:
            if not self._is_current:
                self._made[:] = [(self._key(), self._make())]
            return self._made[0][1]

    async def ready(self) -> T:
        """For the event loop, which goes on meanwhile."""
        return self._made[0][1] if self._is_current else await asyncio.to_thread(self.get)

    @property
    def made(self) -> T | None:
        """None as long as nobody has needed it."""
        return self._made[0][1] if self._made else None

    @property
    def _is_current(self) -> bool:
        return bool(self._made) and self._made[0][0] == self._key()
