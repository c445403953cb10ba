"""The operations of the API's document, for tests that call all of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the document."""

    id: str
    method: str
    path: str
    path_names: list[str]
    parameters: frozenset[str]
    body: str | None
    sample: dict[str, Any]
    takes_csv: bool
    ticket: str | None

    @property
    def takes_account(self) -> bool:
        return "X-Account-Id" in self.parameters


def operations(document: Mapping[str, Any]) -> list[Operation]:
    """All of them."""
    found: list[Operation] = []
    for path, item in document["paths"].items():
        for method, said in item.items():
            if method not in {"get", "post", "put", "patch", "delete"}:
                continue
            parameters = [
                _resolved(document, one) for one in (*item.get("parameters", ()), *said.get("parameters", ()))
            ]
            content = said.get("requestBody", {}).get("content", {})
            schema = content.get("application/json", {}).get("schema", {}).get("$ref", "")
            has_ticket = any(one["name"] == "ticket" for one in parameters)
            found.append(
                Operation(
                    said["operationId"],
                    method.upper(),
                    path,
                    [one["name"] for one in parameters if one["in"] == "path"],
                    frozenset(one["name"] for one in parameters if one["in"] != "path"),
                    schema.rpartition("/")[2] or None,
                    _sample(document, {"$ref": schema}) if schema else {},
                    "text/csv" in content,
                    _ticket_kind(path) if has_ticket else None,
                )
            )
    return found


def _sample(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Any:
    """The smallest value that a schema allows."""
    if "$ref" in schema:
        return _sample(document, document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    if "enum" in schema:
        return schema["enum"][0]
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return _sample(document, schema[union][0])
    if schema.get("type") == "object":
        fields = schema.get("properties", {})
        return {name: _sample(document, fields[name]) for name in schema.get("required", ())}
    if schema.get("type") == "array":
        return [_sample(document, schema["items"])] * schema.get("minItems", 0)
    plain = {"integer": schema.get("minimum", 1), "number": schema.get("minimum", 1), "boolean": False}
    return plain.get(schema.get("type", ""), "x" * max(1, schema.get("minLength", 1)))


def _ticket_kind(path: str) -> str:
    kinds = {"/runs/": "run", "/bulk/": "bulk", "/avatar": "avatar"}
    return next((kind for part, kind in kinds.items() if part in path), "account")


def _resolved(document: Mapping[str, Any], parameter: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in parameter:
        return parameter
    return document["components"]["parameters"][parameter["$ref"].rpartition("/")[2]]
