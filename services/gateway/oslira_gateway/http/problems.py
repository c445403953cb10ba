"""RFC 9457 problem details: one table from an error's kind to an HTTP response, for our errors and all others."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException
from nats.errors import Error as NatsError
from oslira_shared.errors import CODES, Kind, OsliraError
from oslira_shared.postgres.again import AWAY as DATABASE_AWAY

from oslira_gateway.metrics import REFUSALS

_LOG = structlog.get_logger()
MEDIA_TYPE: Final = "application/problem+json"

STATUS_OF_KIND: Final[Mapping[Kind, int]] = {
    Kind.INVALID: 422,
    Kind.UNAUTHENTICATED: 401,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.CONFLICT: 409,
    Kind.REFUSED: 422,
    Kind.PAYMENT: 402,
    Kind.LIMITED: 429,
    Kind.TRANSIENT: 503,
}
# Codes with their own HTTP status.
STATUS_OF_CODE: Final[Mapping[str, int]] = {
    "invalid_request": 400,
    "body_too_large": 413,
    "unsupported_media_type": 415,
    "method_not_allowed": 405,
    "not_acceptable": 406,
    "headers_too_large": 431,
    "version_required": 428,
    "version_conflict": 412,
    "internal": 500,
}
# Raised by the framework.
CODE_OF_STATUS: Final[Mapping[int, str]] = {
    400: "invalid_request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    413: "body_too_large",
    415: "unsupported_media_type",
    429: "rate_limited",
    503: "unavailable",
}
# Replaces the framework's text, which may contain a query with a ticket.
_DETAIL: Final[Mapping[str, str]] = {
    "invalid_request": "The request is not what this endpoint accepts.",
    "not_found": "There is nothing at this address.",
    "body_too_large": "The request body is larger than this endpoint accepts.",
    "internal": "Something went wrong on our side.",
}
# Postgres or the bus is unavailable, full or slow: a retry may succeed.
_AWAY: Final = (*DATABASE_AWAY, NatsError)
RETRY_AFTER_S: Final = 2


def status_of_code(code: str) -> int:
    """The HTTP status of a code. Raises KeyError for one that isn't in errors.CODES."""
    return STATUS_OF_CODE.get(code) or STATUS_OF_KIND[CODES[code]]


def status_of(error: OsliraError) -> int:
    """The HTTP status of an error."""
    return status_of_code(error.code)


def as_oslira_error(error: Exception) -> OsliraError:
    """Any exception as one with a stable code, without its internals."""
    if isinstance(error, OsliraError):
        return error
    if isinstance(error, HTTPException):
        is_ours = error.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR
        code = CODE_OF_STATUS.get(error.status_code, "internal" if is_ours else "invalid_request")
        extra = {"errors": error.extra} if error.status_code == HTTPStatus.BAD_REQUEST and error.extra else {}
        return OsliraError(code, _DETAIL.get(code, error.detail), **extra)
    if isinstance(error, _AWAY):
        return OsliraError("unavailable", "A part of the service is unavailable; nothing was done.")
    return OsliraError("internal", _DETAIL["internal"])


def problem_body(code: str, detail: str, *, instance: str) -> dict[str, Any]:
    """The JSON of a problem. `instance` is the path only: a query may contain a ticket."""
    status = status_of_code(code)
    return {
        "type": f"urn:oslira:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": instance,
        "code": code,
    }


def _headers(error: OsliraError, cause: Exception) -> dict[str, str]:
    headers = dict(cause.headers or {}) if isinstance(cause, HTTPException) else {}
    if error.kind in {Kind.TRANSIENT, Kind.LIMITED} and error.code != "internal":
        headers["Retry-After"] = str(error.extra.get("retry_after_s", RETRY_AFTER_S))
    if error.kind is Kind.UNAUTHENTICATED:
        headers["WWW-Authenticate"] = "Bearer"
    return headers


def answer_problem(request: Request[Any, Any, Any], cause: Exception) -> Response[dict[str, Any]]:
    """Litestar's exception handler for everything."""
    error = as_oslira_error(cause)
    REFUSALS.labels(error.code).inc()
    if error is not cause and not isinstance(cause, HTTPException):
        _LOG.error("request_failed", code=error.code, exc_info=cause)
    return Response(
        {**error.extra, **problem_body(error.code, error.detail, instance=request.scope["path"])},
        status_code=status_of(error),
        media_type=MEDIA_TYPE,
        headers=_headers(error, cause),
    )
