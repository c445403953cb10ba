"""The application: routes under /v1 behind the guard, health and schema next to them, problem details for every error."""

from collections.abc import Sequence
from typing import Any, Final

from litestar import Litestar, Router
from litestar.config.cors import CORSConfig
from litestar.connection import ASGIConnection
from litestar.exceptions import HTTPException
from litestar.handlers import BaseRouteHandler
from litestar.openapi.config import OpenAPIConfig
from oslira_shared.errors import OsliraError
from oslira_shared.observability.points import Points

from oslira_gateway.http.auth import Authentication
from oslira_gateway.http.docs import DocsPage, OpenApiJson
from oslira_gateway.http.edge import Edge
from oslira_gateway.http.json_request import JsonRequest
from oslira_gateway.http.media import require_media_type
from oslira_gateway.http.openapi.names import refuse_unnamed
from oslira_gateway.http.problems import answer_problem
from oslira_gateway.http.rate_limits import RateLimit
from oslira_gateway.http.strict_request import refuse_unread
from oslira_gateway.http.timeouts import RequestTimeout

MAX_BODY_BYTES: Final = 64 * 1024
_ALLOWED_HEADERS: Final = [
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "Last-Event-ID",
    "X-Account-Id",
    "X-Request-Id",
]
_EXPOSED_HEADERS: Final = [
    "ETag",
    "Location",
    "RateLimit-Limit",
    "RateLimit-Policy",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "Retry-After",
    "X-Request-Id",
]


def create_app(
    routes: Sequence[Any],
    *,
    authentication: Authentication,
    operations: Sequence[Any],
    cors_allow_origins: Sequence[str],
    request_timeout_s: float,
    rate_limit: RateLimit | None = None,
    points: Points | None = None,
) -> Edge:
    """`routes` are relative to /v1 and closed by default; `operations` are open (health).

    Without `rate_limit` requests are not counted; without `points` they are not measured per account.
    """

    # A function, because Litestar deep-copies guards for each handler: an object would be copied with its database pool.
    async def admit(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        try:
            await authentication.identify(connection, handler)
        except OsliraError as error:
            if rate_limit is not None and not error.is_transient:
                await rate_limit.count_refused(connection)
            raise
        # Counted before any database work: to reject a request must cost less than to serve it.
        if rate_limit is not None:
            await rate_limit.count(connection, handler)
        try:
            await authentication.choose(connection, handler)
        except OsliraError:
            if rate_limit is not None:
                rate_limit.forget(connection)
            raise
        if rate_limit is not None:
            await rate_limit.count_account(connection, handler)

    v1 = Router(
        "/v1",
        route_handlers=list(routes),
        guards=[admit, require_media_type, refuse_unread],
        middleware=[RequestTimeout(request_timeout_s)],
    )
    app = Litestar(
        [v1, *operations],
        cors_config=CORSConfig(
            allow_origins=list(cors_allow_origins),
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=_ALLOWED_HEADERS,
            expose_headers=_EXPOSED_HEADERS,
        ),
        exception_handlers={
            OsliraError: answer_problem,
            HTTPException: answer_problem,
            Exception: answer_problem,
        },
        logging_config=None,
        openapi_config=OpenAPIConfig(
            title="Oslira",
            version="1",
            use_handler_docstrings=True,
            operation_id_creator=refuse_unnamed,
            path="/schema",
            render_plugins=[DocsPage(), OpenApiJson()],
        ),
        request_class=JsonRequest,
        request_max_body_size=MAX_BODY_BYTES,
    )
    return Edge(app, points)
