"""Names in the document: operations by the ids that their routes state, schemas without module paths."""

import re
from typing import Any, Final

from litestar.exceptions import ImproperlyConfiguredException
from litestar.handlers import HTTPRouteHandler

from oslira_gateway.http.openapi.references import SCHEMAS, nodes, reachable

_PAGE: Final = re.compile(r"Page_(?:\w+\.)*(\w+)_")
_WORD_START: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def refuse_unnamed(handler: HTTPRouteHandler, *_: Any) -> str:
    """Litestar's `operation_id_creator`. Clients are generated from the id, so it must not follow from a path or a function's name.

    Raises ImproperlyConfiguredException.
    """
    raise ImproperlyConfiguredException(f"{handler}: state an operation_id, such as listLeads.")


def name_operation(operation: dict[str, Any]) -> None:
    """A summary in words, from the id. Raises ImproperlyConfiguredException for an operation without a description."""
    if not operation.get("description"):
        raise ImproperlyConfiguredException(f"{operation['operationId']}: give the handler a docstring.")
    operation["summary"] = " ".join(_WORD_START.split(operation["operationId"])).capitalize()


def shorten_schema_names(document: dict[str, Any]) -> None:
    """`Page_oslira_gateway.leads.lead.Lead_` becomes `LeadPage`. Schemas that nothing refers to are left out."""
    schemas: dict[str, Any] = document["components"]["schemas"]
    short = {name: f"{found[1]}Page" for name in schemas if (found := _PAGE.fullmatch(name))}
    if taken := schemas.keys() & short.values():
        raise ValueError(f"two schemas would be called {', '.join(sorted(taken))}")
    for node in nodes(document):
        name = str(node.get("$ref", "")).removeprefix(SCHEMAS)
        if name in short:
            node["$ref"] = SCHEMAS + short[name]
    for name, shorter in short.items():
        schemas[shorter] = {**schemas.pop(name), "title": shorter}
    others = {kind: value for kind, value in document["components"].items() if kind != "schemas"}
    for name in schemas.keys() - reachable(schemas, [document["paths"], others]):
        del schemas[name]
