"""Bodies are JSON unless a route says otherwise in its `opt`."""

from typing import Any, Final

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from oslira_shared.errors import OsliraError

ACCEPTS: Final = "accepts"  # opt: media types of the body, if not only JSON
_JSON: Final = ("application/json",)
_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})


def require_media_type(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Raises `unsupported_media_type`. A form or text that parses as JSON by chance must not be accepted."""
    accepted: tuple[str, ...] = handler.opt.get(ACCEPTS, _JSON)
    sent = connection.headers.get("content-type")
    may_have_body = connection.scope.get("method") in _WITH_BODY
    if may_have_body and sent is not None and sent.partition(";")[0].strip().lower() not in accepted:
        raise OsliraError("unsupported_media_type", f"Send {' or '.join(accepted)}.")


def has_body(handler: HTTPRouteHandler) -> bool:
    """Whether requests to this route may carry a body."""
    return not _WITH_BODY.isdisjoint(handler.http_methods)
