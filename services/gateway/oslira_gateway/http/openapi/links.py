"""Links in the document, from ids in responses to the operations that take them.

A response with a `run_id` links to each operation under `{run_id}`; a list links to those of its first item. Links are derived from
names, so a new route has them automatically.
"""

import re
from typing import Any, Final

_NAME: Final = re.compile(r"{(\w+)}")
_SUCCESSES: Final = ("200", "201", "202")


def add_links(document: dict[str, Any]) -> None:
    """Add links to each response with an id."""
    operations = [
        (path, operation)
        for path, item in document["paths"].items()
        for operation in item.values()
        if isinstance(operation, dict) and "operationId" in operation
    ]
    for _, operation in operations:
        for status in _SUCCESSES:
            answer = operation["responses"].get(status)
            if answer is None:
                continue
            found = _links(document, answer, operations, but_not=operation["operationId"])
            if found:
                answer["links"] = found


def _links(
    document: dict[str, Any], answer: dict[str, Any], operations: list[Any], *, but_not: str
) -> dict[str, Any]:
    named = _names(document, answer.get("content", {}).get("application/json", {}).get("schema", {}))
    links: dict[str, Any] = {}
    for path, operation in operations:
        wanted = _NAME.findall(path)
        if wanted and operation["operationId"] != but_not and all(name in named for name in wanted):
            links[operation["operationId"]] = {
                "operationId": operation["operationId"],
                "parameters": {f"path.{name}": named[name] for name in wanted},
            }
    return links


def _names(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, str]:
    """Ids in a response, and the expression that reads each."""
    properties = _properties(document, schema)
    found = {name: f"$response.body#/{name}" for name in properties if name.endswith("_id")}
    for pointer, listed in (("items/0", properties.get("items")), ("0", _resolved(document, schema))):
        if listed is not None and "items" in listed:
            inner = _properties(document, listed["items"])
            found |= {name: f"$response.body#/{pointer}/{name}" for name in inner if name.endswith("_id")}
    return found


def _properties(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    return _resolved(document, schema).get("properties", {})


def _resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema
