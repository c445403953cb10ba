"""What is slow to make, made when it is first needed, and never on the event loop."""

import asyncio
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class MadeOnce(Generic[T]):
    """`make` imports an SDK and builds its client: up to a second of CPU. Whoever comes first waits for it, in a thread."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._made: list[T] = []
        self._lock = threading.Lock()

    def get(self) -> T:
        """Blocks: for a thread."""
        with self._lock:
            if not self._made:
                self._made.append(self._make())
            return self._made[0]

    async def ready(self) -> T:
        """For the event loop, which goes on meanwhile."""
        return self._made[0] if self._made else await asyncio.to_thread(self.get)

    @property
    def made(self) -> T | None:
        """None as long as nobody has needed it."""
        return self._made[0] if self._made else None
