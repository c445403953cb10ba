"""The availability of suppliers, shared by all processes: each reports what it detects, and reads what others reported.

While a supplier is down, tasks that need it are not promoted (analysis.promote() reads the same rows), so no request would detect
its recovery. One process at a time sends it a free request, a probe. A successful probe does not prove that it works, so first
a few of the snoozed tasks are tried. Once a request has succeeded the others follow within seconds, before their snooze ends.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import structlog

from oslira_analysis.application.supplier_failures import KEY_REFUSED
from oslira_analysis.domain.breaker import Breaker, Hold

_LOG = structlog.get_logger()
_PROBE_TIMEOUT_S: Final = 4.0
# A reported outage lasts for a few failed probes. If every process stops, it expires.
REPORTED_FOR_S: Final = 20.0
# Tasks that are tried after a successful probe, and those that follow after one of them has succeeded.
_TRIED_FIRST: Final = 5
_RESCHEDULED_NEXT: Final = 500
_WITHIN_S: Final = 10.0


class Outages(Protocol):
    """The suppliers that are known to be unavailable, by name. Expired rows are excluded."""

    async def read(self) -> Mapping[str, Hold]: ...

    async def report(self, supplier: str, hold: Hold) -> None:
        """Report it unavailable for at least `left_s` from now. A longer report stays."""
        ...

    async def clear(self, supplier: str) -> None:
        """Report it available."""
        ...

    async def reschedule_snoozed(self, supplier: str, *, most: int, within_s: float) -> None:
        """Make the oldest of its snoozed tasks due within `within_s`."""
        ...

    async def take_probe(self, supplier: str, *, every_s: float) -> bool:
        """Whether this process should probe; true once in `every_s` over all processes."""
        ...


@dataclass(frozen=True, slots=True)
class Supplier:
    """`probe` sends a free request. It raises any exception on failure."""

    name: str
    breaker: Breaker
    probe: Callable[[], Awaitable[object]]


class WatchSuppliers:
    """One check, called every second."""

    def __init__(
        self,
        suppliers: Sequence[Supplier],
        outages: Outages,
        *,
        clock_s: Callable[[], float],
        probe_every_s: float,
    ) -> None:
        self._suppliers = suppliers
        self._outages = outages
        self._clock_s = clock_s
        self._probe_every_s = probe_every_s
        # Suppliers that this process has read from the table, or written to it.
        self._shared: set[str] = set()
        # Suppliers whose outage is over, and which have not served a request of this process since.
        self._recovering: set[str] = set()

    async def __call__(self) -> None:
        known = await self._outages.read()
        await asyncio.gather(
            *(self._look(supplier, known.get(supplier.name)) for supplier in self._suppliers)
        )

    async def _look(self, supplier: Supplier, shared: Hold | None) -> None:
        breaker = supplier.breaker
        own = breaker.held(self._clock_s())
        await self._follow_recovery(supplier)
        if shared is None:
            if supplier.name in self._shared:  # another process reported it available, or it expired
                self._note_recovery(supplier)
            elif own is not None:
                _LOG.warning(
                    "supplier_down", supplier=supplier.name, reason=own.reason, is_outage=own.is_outage
                )
                self._shared.add(supplier.name)
                await self._outages.report(supplier.name, own)
            return
        self._shared.add(supplier.name)
        if own is None or own.left_s < shared.left_s:
            breaker.hold(self._clock_s(), shared)
        # A supplier that rejects our key also rejects the probe: the next request decides, after the hold.
        can_probe = shared.is_outage and not shared.reason.startswith(KEY_REFUSED)
        if can_probe and await self._outages.take_probe(supplier.name, every_s=self._probe_every_s):
            await self._probe(supplier, shared)

    async def _probe(self, supplier: Supplier, shared: Hold) -> None:
        try:
            async with asyncio.timeout(_PROBE_TIMEOUT_S):
                await supplier.probe()
        except Exception as error:  # noqa: BLE001  # every failure means the same here
            _LOG.info("probe_failed", supplier=supplier.name, reason=type(error).__name__)
            await self._outages.report(
                supplier.name, Hold(shared.reason, is_outage=True, left_s=REPORTED_FOR_S)
            )
            return
        _LOG.info("supplier_recovered", supplier=supplier.name)
        await self._outages.clear(supplier.name)
        self._note_recovery(supplier)
        await self._outages.reschedule_snoozed(supplier.name, most=_TRIED_FIRST, within_s=0)

    def _note_recovery(self, supplier: Supplier) -> None:
        self._shared.discard(supplier.name)
        supplier.breaker.recovered(self._clock_s())
        if (
            supplier.breaker.state(self._clock_s()) == "half_open"
        ):  # a rate limit ends by time, and its tasks wait for that time
            self._recovering.add(supplier.name)

    async def _follow_recovery(self, supplier: Supplier) -> None:
        state = supplier.breaker.state(self._clock_s())
        if supplier.name not in self._recovering or state == "half_open":
            return
        self._recovering.discard(supplier.name)
        if state == "closed":
            await self._outages.reschedule_snoozed(supplier.name, most=_RESCHEDULED_NEXT, within_s=_WITHIN_S)
