"""Rows that this process has made due, claimed here: a hint to oneself needs no bus."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from uuid import UUID

import structlog
from oslira_shared.work import Heart

from oslira_analysis.application.ports import Announcer
from oslira_analysis.application.rows import Effects, Hint

_LOG = structlog.get_logger()
Take = Callable[[UUID], Awaitable[None]]
Takers = Mapping[str, tuple[Heart, Take]]


class OwnHints:
    """The Announcer that takes hints itself while there is room here, and leaves the rest to others.

    Nothing rests on it: the claim decides who works on a row, and one that is lost here is swept like a lost message. What the
    sweep says again goes over the bus, so that a process which can't do its work doesn't keep it.
    """

    def __init__(self, inner: Announcer) -> None:
        self._inner = inner
        self._takers: Takers = {}
        self._taking: dict[asyncio.Task[None], Heart] = {}

    def take(self, takers: Takers) -> None:
        """By state of the row: who has to have room, and what claims a row and starts its work. An empty mapping: no more."""
        self._takers = takers

    async def announce(self, effects: Effects, *, is_repeat: bool = False) -> None:
        if not is_repeat:
            effects = replace(effects, hints=[hint for hint in effects.hints if not self._takes(hint)])
        await self._inner.announce(effects, is_repeat=is_repeat)

    def _takes(self, hint: Hint) -> bool:
        if hint.state not in self._takers:
            return False
        heart, take = self._takers[hint.state]
        if heart.load + list(self._taking.values()).count(heart) >= heart.capacity:
            return False
        task = asyncio.create_task(_quietly(take, hint), name=f"take:{hint.row_id}")
        self._taking[task] = heart
        task.add_done_callback(self._taking.pop)
        return True


async def _quietly(take: Take, hint: Hint) -> None:
    try:
        await take(hint.row_id)
    except Exception:  # noqa: BLE001  # the row is due again in some seconds
        _LOG.exception("own_hint_lost", subject=hint.subject, row_id=str(hint.row_id))
