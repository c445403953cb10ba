"""Parameters in the document, where Litestar's schema differs from what routes accept."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from litestar.handlers import HTTPRouteHandler
from litestar.params import KwargDefinition

# Descriptions of names that mean the same in all routes. A route's own description has precedence.
_DESCRIPTIONS: Final[Mapping[str, str]] = {
    "account_id": "One of the caller's accounts.",
    "analysed_from": "Only leads whose newest analysis is not older.",
    "analysed_to": "Only leads whose newest analysis is older.",
    "bucket": "How long each part of the series is.",
    "bulk_id": "The bulk.",
    "business_profile_id": "The business profile.",
    "delivery_id": "The delivery.",
    "If-Match": "The `ETag` of the version that you change, or `*` for whichever it is.",
    "If-None-Match": "The `ETag` of the version that you have.",
    "invitation_id": "The invitation.",
    "Last-Event-ID": "The `id` of the last event that you have.",
    "lead_id": "The lead.",
    "order": "The direction of `sort`.",
    "q": "Words that a name of the lead begins with.",
    "run_id": "The run.",
    "score_max": "Only leads that score no more.",
    "score_min": "Only leads that score no less.",
    "sort": "What leads are sorted by.",
    "status": "Only those in this status.",
    "ticket": "The ticket of an address that the API gave out.",
    "token": "The token of the invitation.",
    "type": "The type of the analysis.",
    "user_id": "The member's user id.",
    "webhook_endpoint_id": "The webhook endpoint.",
}


def describe_parameters(operation: dict[str, Any], handler: HTTPRouteHandler) -> None:
    """A query parameter or header is never null: an optional one is omitted. Litestar drops a lower bound of 0; this adds it."""
    from_zero = {name for name, definition in _definitions(handler) if definition.ge == 0}
    for parameter in operation.get("parameters", ()):
        schema = parameter.get("schema", {})
        branches = [branch for branch in schema.get("oneOf", ()) if branch != {"type": "null"}]
        if len(branches) == 1:
            del schema["oneOf"]
            schema.update(branches[0])
            if schema.get("default", ...) is None:
                del schema["default"]
        if isinstance(kinds := schema.get("type"), list):
            (schema["type"],) = (kind for kind in kinds if kind != "null")
            schema["enum"] = [value for value in schema["enum"] if value is not None]
        if (meaning := _DESCRIPTIONS.get(str(parameter.get("name")))) is not None:
            parameter.setdefault("description", meaning)
        if parameter.get("name") in from_zero:
            schema["minimum"] = 0


def _definitions(handler: HTTPRouteHandler) -> Iterator[tuple[str, KwargDefinition]]:
    """Of the handler's own parameters and of its dependencies'."""
    signatures = [
        handler.parsed_fn_signature,
        *(provided.parsed_fn_signature for provided in handler.resolve_dependencies().values()),
    ]
    for signature in signatures:
        for name, field in signature.parameters.items():
            if isinstance(field.kwarg_definition, KwargDefinition):
                yield name, field.kwarg_definition
