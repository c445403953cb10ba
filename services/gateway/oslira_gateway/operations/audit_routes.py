"""`GET /v1/admin/audit`: the current differences of the ledger, from credits."""

from typing import Annotated, Any, Protocol

from litestar import get
from litestar.params import QueryParameter
from oslira_shared.bus.connection import Bus
from oslira_shared.contracts.credits.v1 import AUDIT, Audited, AuditRequest

# Longer than credits' own limit for a statement.
_LOOK_S = 25.0


class Audits(Protocol):
    """Requests an audit from credits."""

    async def look(self, *, settling_s: float) -> Audited:
        """A run that ended less than `settling_s` ago may have an open hold. Raises OsliraError `unavailable`."""
        ...


class BusAudits:
    """Implements Audits."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def look(self, *, settling_s: float) -> Audited:
        return await self._bus.request(AUDIT, AuditRequest(settling_s=settling_s), Audited, timeout_s=_LOOK_S)


def audit_routes(audits: Audits) -> list[Any]:
    """Not in the audit log: it shows ids and amounts, no people, and changes nothing."""

    @get("/audit")
    async def audit(settling_s: Annotated[float, QueryParameter(ge=0, le=600)] = 60.0) -> Audited:
        return await audits.look(settling_s=settling_s)

    return [audit]
