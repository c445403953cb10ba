"""`GET /v1/admin/insights/{costs,margin}`, for operators."""

from typing import Annotated, Any

from litestar import Request, get
from litestar.di import NamedDependency, Provide
from litestar.params import FromQuery, QueryParameter

from oslira_gateway.insights.costs import Costs, CostsBy, Ledger, MarginBy, Margins, costs, margins
from oslira_gateway.insights.period import Period, read_period
from oslira_gateway.operations.admin_app import operator_of
from oslira_gateway.operations.audit_log import AuditLog, recorded

_Limit = Annotated[int, QueryParameter(ge=1, le=200)]


def admin_insights_routes(ledger: Ledger, audit_log: AuditLog) -> list[Any]:
    """Recorded in the audit log like all operator actions: it shows customers and their use."""
    of_a_period: dict[str, Any] = {"dependencies": {"period": Provide(read_period)}}

    @get("/insights/costs", **of_a_period)
    async def read_costs(
        request: Request[Any, Any, Any],
        period: NamedDependency[Period],
        by: FromQuery[CostsBy] = CostsBy.ACCOUNT,
        limit: _Limit = 50,
    ) -> Costs:
        async with recorded(audit_log, operator_of(request), "read_costs", by=by, **_told(period)):
            find = ledger.by_user if by is CostsBy.USER else ledger.by_account
            return costs(period, by, await ledger.in_all(period), await find(period, limit=limit))

    @get("/insights/margin", **of_a_period)
    async def read_margin(
        request: Request[Any, Any, Any],
        period: NamedDependency[Period],
        by: FromQuery[MarginBy] = MarginBy.ACCOUNT,
        limit: _Limit = 50,
    ) -> Margins:
        async with recorded(audit_log, operator_of(request), "read_margin", by=by, **_told(period)):
            groups = (
                await ledger.by_type(period)
                if by is MarginBy.TYPE
                else await ledger.by_account(period, limit=limit)
            )
            return margins(period, by, await ledger.in_all(period), groups)

    return [read_costs, read_margin]


def _told(period: Period) -> dict[str, str]:
    return {"from": period.start.isoformat(), "to": period.end.isoformat()}
