"""Lazy creation of slow objects, once for concurrent callers and never on the event loop."""

import asyncio
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Singleflight(Generic[T]):
    """`make` imports an SDK and builds its client: up to a second of CPU. The first caller creates it, in a thread.

    `key`: an input of `make`, such as a secret that may be rotated. The object is created again when it changes.
    """

    def __init__(self, make: Callable[[], T], *, key: Callable[[], str] = str) -> None:
        self._make, self._key = make, key
        self._made: list[tuple[str, T]] = []
        self._lock = threading.Lock()

    def get(self) -> T:
        """Blocks, so call it in a thread."""
        with self._lock:
            if not self._is_current:
                self._made[:] = [(self._key(), self._make())]
            return self._made[0][1]

    async def ready(self) -> T:
        """Does not block the event loop."""
        return self._made[0][1] if self._is_current else await asyncio.to_thread(self.get)

    @property
    def made(self) -> T | None:
        """None before the first use."""
        return self._made[0][1] if self._made else None

    @property
    def _is_current(self) -> bool:
        return bool(self._made) and self._made[0][0] == self._key()
