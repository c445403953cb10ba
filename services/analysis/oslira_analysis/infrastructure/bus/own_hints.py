"""Rows that this process has made due, claimed here: a hint to oneself needs no bus."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from uuid import UUID

import structlog
from oslira_shared.work import LeaseKeeper

from oslira_analysis.application.rows import Hint

_LOG = structlog.get_logger()
Take = Callable[[UUID], Awaitable[None]]
Takers = Mapping[str, tuple[LeaseKeeper, Take]]


class OwnHints:
    """The port LocalWork.

    Nothing rests on it: the claim decides who works on a row, and one that is lost here is swept like a lost message.
    """

    def __init__(self) -> None:
        self._takers: Takers = {}
        self._taking: dict[asyncio.Task[None], LeaseKeeper] = {}

    def take(self, takers: Takers) -> None:
        """By state of the row: who has to have room, and what claims a row and starts its work. An empty mapping: no more."""
        self._takers = takers

    def start(self, hints: Sequence[Hint]) -> list[Hint]:
        return [hint for hint in hints if not self._takes(hint)]

    def _takes(self, hint: Hint) -> bool:
        if hint.state not in self._takers:
            return False
        lease_keeper, take = self._takers[hint.state]
        if lease_keeper.load + list(self._taking.values()).count(lease_keeper) >= lease_keeper.capacity:
            return False
        task = asyncio.create_task(_quietly(take, hint), name=f"take:{hint.row_id}")
        self._taking[task] = lease_keeper
        task.add_done_callback(self._taking.pop)
        return True


async def _quietly(take: Take, hint: Hint) -> None:
    try:
        await take(hint.row_id)
    except Exception:  # noqa: BLE001  # the row is due again in some seconds
        _LOG.exception("own_hint_lost", subject=hint.subject, row_id=str(hint.row_id))
