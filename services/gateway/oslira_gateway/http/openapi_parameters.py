"""Parameters in the document, where Litestar says less, or more, than the routes do."""

from collections.abc import Iterator
from typing import Any

from litestar.handlers import HTTPRouteHandler
from litestar.params import KwargDefinition


def describe_parameters(operation: dict[str, Any], handler: HTTPRouteHandler) -> None:
    """No query or header can be null: an optional one is left out. And a lower bound of 0 is one."""
    from_zero = {name for name, definition in _definitions(handler) if definition.ge == 0}
    for parameter in operation.get("parameters", ()):
        schema = parameter.get("schema", {})
        branches = [branch for branch in schema.get("oneOf", ()) if branch != {"type": "null"}]
        if len(branches) == 1:
            del schema["oneOf"]
            schema.update(branches[0])
            if schema.get("default", ...) is None:
                del schema["default"]
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
