"""Claims rows that this process has made due in the same process, without a message over the bus."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from uuid import UUID

import structlog
from oslira_shared.work import LeaseKeeper

from oslira_analysis.application.rows import Hint

_LOG = structlog.get_logger()
Handler = Callable[[UUID], Awaitable[None]]
Handlers = Mapping[str, tuple[LeaseKeeper, Handler]]


class LocalDispatcher:
    """Implements LocalWork.

    Best effort: the claim decides which process works on a row, and the sweep recovers a row that is lost here.
    """

    def __init__(self) -> None:
        self._handlers: Handlers = {}
        self._running: dict[asyncio.Task[None], LeaseKeeper] = {}

    def register(self, handlers: Handlers) -> None:
        """By state of the row: the lease keeper that must have capacity, and the handler that claims a row. Empty: stop."""
        self._handlers = handlers

    def start(self, hints: Sequence[Hint]) -> list[Hint]:
        return [hint for hint in hints if not self._dispatch(hint)]

    def _dispatch(self, hint: Hint) -> bool:
        if hint.state not in self._handlers:
            return False
        lease_keeper, handler = self._handlers[hint.state]
        if lease_keeper.load + list(self._running.values()).count(lease_keeper) >= lease_keeper.capacity:
            return False
        task = asyncio.create_task(_quietly(handler, hint), name=f"claim:{hint.row_id}")
        self._running[task] = lease_keeper
        task.add_done_callback(self._running.pop)
        return True


async def _quietly(handler: Handler, hint: Hint) -> None:
    try:
        await handler(hint.row_id)
    except Exception:  # noqa: BLE001  # the sweep publishes the row again within seconds
        _LOG.exception("local_dispatch_failed", subject=hint.subject, row_id=str(hint.row_id))
