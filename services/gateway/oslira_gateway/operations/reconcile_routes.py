"""`POST /v1/admin/reconcile`: one step of importing from Stripe what is missing here, and of comparing with it."""

from datetime import UTC, datetime
from typing import Any, Protocol

from litestar import Request, post
from litestar.params import JSONBody
from oslira_shared.bus.connection import Bus
from oslira_shared.contracts.billing.v1 import RECONCILE, ReconcileRequest, ReconcileStep
from oslira_shared.errors import OsliraError
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from oslira_gateway.operations.admin_app import operator_of
from oslira_gateway.operations.audit_log import AuditLog, recorded

# Billing ends a step after 45 s.
_STEP_S = 55.0


class ReconcileBody(BaseModel):
    """Of [since, until); until now by default. `cursor`: of the last answer. `is_dry_run`: nothing is stored."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    since: AwareDatetime
    until: AwareDatetime | None = None
    is_dry_run: bool = False
    cursor: str | None = Field(default=None, max_length=500)


class Reconciliation(Protocol):
    """Requests a step from billing."""

    async def step(self, request: ReconcileRequest) -> ReconcileStep:
        """Raises OsliraError: invalid_request, provider_unavailable, unavailable."""
        ...


class BusReconciliation:
    """Implements Reconciliation."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def step(self, request: ReconcileRequest) -> ReconcileStep:
        return await self._bus.request(RECONCILE, request, ReconcileStep, timeout_s=_STEP_S)


def reconcile_routes(reconciliation: Reconciliation, audit_log: AuditLog) -> list[Any]:
    """Each step is in the audit log: it may grant credits."""

    @post("/reconcile", status_code=200)
    async def reconcile(request: Request[Any, Any, Any], data: JSONBody[ReconcileBody]) -> ReconcileStep:
        now = datetime.now(UTC)
        if data.since >= now:
            raise OsliraError("invalid_request", "`since` is not in the past.")
        asked = ReconcileRequest(
            since=data.since,
            until=min(data.until or now, now),
            is_dry_run=data.is_dry_run,
            cursor=data.cursor,
        )
        targets = {
            "since": asked.since.isoformat(),
            "until": asked.until.isoformat(),
            "step": (asked.cursor or "first").partition(":")[0][:64],
            "is_dry_run": str(asked.is_dry_run).lower(),
        }
        async with recorded(audit_log, operator_of(request), "reconcile", **targets):
            return await reconciliation.step(asked)

    return [reconcile]
