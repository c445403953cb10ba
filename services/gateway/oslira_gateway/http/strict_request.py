"""Rejects query parameters and Idempotency-Keys that a route does not read, because it would ignore them silently."""

from collections import Counter
from collections.abc import Iterable
from functools import cache
from typing import Any, Final

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.params import HeaderParameter, QueryParameter
from oslira_shared.errors import OsliraError

from oslira_gateway.http.openapi.bodies import CSV_TERMS

_KEY: Final = "Idempotency-Key"
_CSV: Final = "text/csv"
# Routes that create something have one of these statuses; all others are idempotent.
_MADE: Final = frozenset({201, 202})
REPEATS: Final = "repeats"  # opt: not idempotent, although its status is 200


def refuse_unread(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Raises `invalid_request` for an unknown or repeated query parameter, and for an unread Idempotency-Key.

    The key is rejected only where a retry would create a second thing.
    """
    if connection.scope.get("method") == "OPTIONS":
        return
    sent = Counter(name for name, _ in connection.query_params.multi_items())
    known = _query_names(handler)
    if _is_csv(connection) and (terms := handler.opt.get(CSV_TERMS)):
        known |= terms.model_fields.keys()
    errors = [
        *_problems((name for name in sent if name not in known), "This route has no such query parameter."),
        *_problems((name for name, count in sent.items() if count > 1), "Send this query parameter once."),
    ]
    if errors:
        raise OsliraError("invalid_request", "The query is not what this route accepts.", errors=errors)
    if _KEY in connection.headers and _would_act_again(handler):
        raise OsliraError(
            "invalid_request", "This route takes no Idempotency-Key: a retry would act a second time."
        )


def _problems(names: Iterable[str], message: str) -> list[dict[str, str]]:
    return [{"key": name[:100], "message": message} for name in sorted(names)[:20]]


def _is_csv(connection: ASGIConnection[Any, Any, Any, Any]) -> bool:
    return connection.headers.get("content-type", "").partition(";")[0].strip().lower() == _CSV


@cache
def _query_names(handler: BaseRouteHandler) -> frozenset[str]:
    """Query parameters of the handler and of its dependencies."""
    return frozenset(name for name, kind in _parameters(handler) if isinstance(kind, QueryParameter))


@cache
def _would_act_again(handler: BaseRouteHandler) -> bool:
    if not isinstance(handler, HTTPRouteHandler) or "POST" not in handler.http_methods:
        return False
    headers = {name for name, kind in _parameters(handler) if isinstance(kind, HeaderParameter)}
    acts = handler.status_code in _MADE or bool(handler.opt.get(REPEATS))
    return acts and _KEY not in headers


def _parameters(handler: BaseRouteHandler) -> Iterable[tuple[str, Any]]:
    dependencies = (provided.parsed_fn_signature for provided in handler.resolve_dependencies().values())
    for signature in (handler.parsed_fn_signature, *dependencies):
        for name, field in signature.parameters.items():
            definition = field.kwarg_definition
            yield getattr(definition, "name", None) or name, definition
