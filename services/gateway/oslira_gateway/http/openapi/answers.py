"""Responses in the document: all fields are required, and `next_cursor` has the format of `cursor`."""

from typing import Any, Final

from oslira_shared.contracts.analysis.results import result_schemas

from oslira_gateway.http.listing import CURSOR_PATTERN
from oslira_gateway.http.openapi.references import reachable

_PAGE: Final = {"items", "next_cursor"}
_NEXT_CURSOR: Final = {
    "oneOf": [{"type": "string", "pattern": CURSOR_PATTERN}, {"type": "null"}],
    "description": "Opaque: send it back as `cursor` for the next page. Null on the last one.",
}


def describe_answers(document: dict[str, Any]) -> None:
    """Responses contain all fields, also those with a default in the dataclass. Bodies and stored results are not changed."""
    schemas: dict[str, Any] = document["components"]["schemas"]
    operations = [operation for item in document["paths"].values() for operation in item.values()]
    answered = reachable(schemas, [operation["responses"] for operation in operations])
    sent = reachable(schemas, [operation.get("requestBody") for operation in operations])
    for name in answered - sent - result_schemas().keys():
        properties = schemas[name].get("properties", {})
        if properties.keys() == _PAGE:
            properties["next_cursor"] = dict(_NEXT_CURSOR)
        if properties and name != "Problem":
            schemas[name]["required"] = sorted(properties)
