"""`/v1/admin`, on the internal port only, for operators only."""

from collections.abc import Sequence
from typing import Any

import structlog
from litestar import Request, Router
from litestar.connection import ASGIConnection
from litestar.exceptions import HTTPException
from litestar.handlers import BaseRouteHandler
from oslira_shared.errors import OsliraError

from oslira_gateway.http.auth import bearer_token
from oslira_gateway.http.problems import answer_problem
from oslira_gateway.operations.operator import Operator, OperatorTokens


def admin_router(routes: Sequence[Any], tokens: OperatorTokens) -> Router:
    """`routes` are relative to /v1/admin. Each runs under `recorded(…)`, except lists, which name no one."""

    # A function, because Litestar copies guards deeply for each handler.
    async def admit(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        operator = await tokens.operator(bearer_token(connection.headers.get("authorization")))
        connection.state.operator = operator
        structlog.contextvars.bind_contextvars(actor=operator.actor)

    return Router(
        "/v1/admin",
        route_handlers=list(routes),
        guards=[admit],
        exception_handlers={
            OsliraError: answer_problem,
            HTTPException: answer_problem,
            Exception: answer_problem,
        },
    )


def operator_of(request: Request[Any, Any, Any]) -> Operator:
    """The operator that the guard verified."""
    operator: Operator = request.state.operator
    return operator
