"""Examples in the document, from examples.json: of all successful responses and all bodies.

`schemas` there are by component, so operations with the same response have the same example; a list has one item.
`bodies` and `answers` are by operation: texts, which have no component, and responses that differ from their component's example
(a paused endpoint is shown as paused).
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

_WRITTEN: Final = Path(__file__).with_name("examples.json")
_PAGE: Final = {"items", "next_cursor"}
Examples = Mapping[str, Mapping[str, Any]]


def written_examples() -> Examples:
    """`schemas`, `bodies` and `answers`, each by name."""
    return json.loads(_WRITTEN.read_text(encoding="utf-8"))


def add_examples(document: dict[str, Any]) -> None:
    """Add its `example` to each schema. A test fails for a schema without one."""
    written = written_examples()
    of_schemas = _OfSchemas(document["components"]["schemas"], written["schemas"])
    for item in document["paths"].values():
        for operation in item.values():
            if not isinstance(operation, dict) or "operationId" not in operation:
                continue
            name = operation["operationId"]
            of_schemas.show_in(operation.get("requestBody", {}), written["bodies"].get(name))
            for status, answer in operation["responses"].items():
                if status.startswith("2"):
                    of_schemas.show_in(answer, written["answers"].get(name))


class _OfSchemas:
    def __init__(self, schemas: Mapping[str, Any], written: Mapping[str, Any]) -> None:
        self._schemas, self._written = schemas, written

    def show_in(self, described: dict[str, Any], own: Any) -> None:
        """`own`: the operation's example. For a body of JSON or text it is the text's."""
        contents = described.get("content") or {}
        for media_type in contents.values():
            found = self._find(media_type["schema"])
            shown = own if found is None or (own is not None and len(contents) == 1) else found
            if shown is not None:
                media_type["example"] = shown

    def _find(self, schema: Mapping[str, Any]) -> Any:
        name = schema.get("$ref", "").rpartition("/")[2]
        if name in self._written:
            return self._written[name]
        schema = self._schemas.get(name, schema)
        if "oneOf" in schema:
            return next((one for branch in schema["oneOf"] if (one := self._find(branch)) is not None), None)
        if schema.get("type") == "array":
            return self._one_of(schema["items"])
        if schema.get("properties", {}).keys() == _PAGE:
            items = self._one_of(schema["properties"]["items"]["items"])
            return None if items is None else {"items": items, "next_cursor": None}
        return None

    def _one_of(self, schema: Mapping[str, Any]) -> list[Any] | None:
        item = self._find(schema)
        return None if item is None else [item]
