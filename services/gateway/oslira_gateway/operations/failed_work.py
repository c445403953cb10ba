"""The failed work of all services as one list, by requests to each of them."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar
from uuid import UUID

from oslira_shared.bus.connection import Bus
from oslira_shared.contracts.analysis import v1 as analysis
from oslira_shared.contracts.billing import v1 as billing
from oslira_shared.contracts.failed import (
    OWNERS,
    FailedDetail,
    FailedItem,
    FailedList,
    FailedQuery,
    FailedRequest,
    list_failed_subject,
    show_failed_subject,
)
from oslira_shared.errors import OsliraError

_OWNER_OF: Final = {"run": "analysis", "webhook": "billing"}
_NOT_FOUND: Final = frozenset({"not_found", "run_not_found"})
FoundT = TypeVar("FoundT")


@dataclass(frozen=True, slots=True)
class Replayed:
    """`replayed_as`: the work that replaces it: a new run for a run, the same event for an event."""

    kind: str
    id: UUID
    replayed_as: UUID


class FailedWork(Protocol):
    """Failed work of all services."""

    async def newest(self, query: FailedQuery, *, kind: str | None) -> list[FailedItem]:
        """Of all services, or of a kind's. Raises OsliraError `unavailable` if one of them is: a partial list would mislead."""
        ...

    async def show(self, item_id: UUID) -> FailedDetail:
        """Raises OsliraError: not_found, unavailable."""
        ...

    async def replay(self, item_id: UUID) -> Replayed:
        """Raises OsliraError: not_found, conflict, insufficient_credits, cost_limit_reached, unavailable."""
        ...


class BusFailedWork:
    """Implements FailedWork."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def newest(self, query: FailedQuery, *, kind: str | None) -> list[FailedItem]:
        owners = OWNERS if kind is None else (_OWNER_OF[kind],)
        lists = await asyncio.gather(
            *(self._bus.request(list_failed_subject(owner), query, FailedList) for owner in owners)
        )
        found = [item for one in lists for item in one.items]
        return sorted(found, key=lambda item: (item.at, item.id), reverse=True)[: query.limit]

    async def show(self, item_id: UUID) -> FailedDetail:

        async def ask(owner: str) -> FailedDetail:
            return await self._bus.request(
                show_failed_subject(owner), FailedRequest(id=item_id), FailedDetail
            )

        return await first_answer(ask)

    async def replay(self, item_id: UUID) -> Replayed:

        async def ask(owner: str) -> Replayed:
            if owner == "analysis":
                run = await self._bus.request(
                    analysis.REPLAY, analysis.ReplayRequest(run_id=item_id), analysis.Replayed
                )
                return Replayed("run", item_id, run.run_id)
            event = await self._bus.request(
                billing.REPLAY, billing.ReplayRequest(event_id=str(item_id)), billing.Replayed
            )
            return Replayed("webhook", item_id, event.row_id)

        return await first_answer(ask)


async def first_answer(ask: Callable[[str], Awaitable[FoundT]]) -> FoundT:
    """The answer of the service that has it. `not_found` needs an answer from all of them."""
    away: OsliraError | None = None
    for owner in OWNERS:
        try:
            return await ask(owner)
        except OsliraError as error:
            if error.code == "unavailable":
                away = error
            elif error.code not in _NOT_FOUND:
                raise
    raise away or OsliraError("not_found", "Nothing that failed has this id.")
