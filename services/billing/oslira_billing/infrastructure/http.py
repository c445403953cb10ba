"""`POST /stripe/webhooks`: billing's only public route."""

from http import HTTPStatus
from typing import Any, Final

import structlog
from litestar import Litestar, Request, Response, post
from litestar.exceptions import HTTPException
from oslira_shared.errors import Kind, OsliraError
from oslira_shared.ids import new_id
from oslira_shared.observability.health import Health, health_routes

from oslira_billing.application.receive_webhook import ReceiveWebhook
from oslira_billing.metrics import WEBHOOK_SECONDS, WEBHOOKS

_LOG = structlog.get_logger()
BODY_LIMIT_BYTES: Final = 1024 * 1024
_STATUS: Final = {Kind.NOT_FOUND: HTTPStatus.NOT_FOUND, Kind.TRANSIENT: HTTPStatus.SERVICE_UNAVAILABLE}
_CODES: Final = {404: "not_found", 405: "method_not_allowed", 413: "body_too_large"}


def webhook_app(receive: ReceiveWebhook, health: Health) -> Litestar:
    """The public app. Every answer but 200 makes Stripe deliver again, for three days."""

    @post("/stripe/webhooks", status_code=200, request_max_body_size=BODY_LIMIT_BYTES)
    async def stripe_webhook(request: Request[Any, Any, Any]) -> dict[str, bool]:
        with WEBHOOK_SECONDS.time():
            is_new = await receive(await request.body(), request.headers.get("stripe-signature"))
        WEBHOOKS.labels("stored" if is_new else "duplicate").inc()
        return {"received": True}

    return Litestar(
        [stripe_webhook, *health_routes(health)],
        openapi_config=None,
        logging_config=None,  # our body stays; Litestar would replace it with text that isn't JSON
        exception_handlers={Exception: _problem},
        after_request=_with_request_id,
    )


def _problem(_request: Request[Any, Any, Any], error: Exception) -> Response[dict[str, Any]]:
    code, status, detail = _describe(error)
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        _LOG.error("request_failed", exc_info=error)
    WEBHOOKS.labels(code).inc()
    body = {
        "type": f"urn:oslira:problem:{code}",
        "title": status.phrase,
        "status": status,
        "detail": detail,
        "code": code,
    }
    problem = Response(body, status_code=status, media_type="application/problem+json")
    return _with_request_id(problem)


def _describe(error: Exception) -> tuple[str, HTTPStatus, str]:
    if isinstance(error, OsliraError):
        return error.code, _STATUS.get(error.kind, HTTPStatus.BAD_REQUEST), error.detail
    if isinstance(error, HTTPException):
        status = HTTPStatus(error.status_code)
        return _CODES.get(status, "invalid_request"), status, status.phrase
    return "internal", HTTPStatus.INTERNAL_SERVER_ERROR, "it has been logged"


def _with_request_id(response: Response[Any]) -> Response[Any]:
    response.headers["X-Request-Id"] = str(new_id())
    return response
