"""The document for readers that know OpenAPI 3.0 only, as the page we serve does: the same, with 3.1's schemas said in 3.0's words."""

from typing import Any


def as_openapi_30(document: dict[str, Any]) -> dict[str, Any]:
    """A copy. What 3.0 can't say (a `const`, a list of examples, null among the types) is said the nearest way it has."""
    return {**_converted(document), "openapi": "3.0.3"}


def _converted(value: Any) -> Any:
    if isinstance(value, list):
        return [_converted(item) for item in value]
    if isinstance(value, dict):
        return _schema({name: _converted(item) for name, item in value.items()})
    return value


def _schema(node: dict[str, Any]) -> dict[str, Any]:
    if "const" in node:
        node["enum"] = [node.pop("const")]
    if isinstance(node.get("examples"), list):
        examples: list[Any] = node.pop("examples")
        node |= {"example": examples[0]} if examples else {}
    if isinstance(node.get("type"), list):
        types = [kind for kind in node.pop("type") if kind != "null"]
        node |= {"nullable": True, **({"type": types[0]} if len(types) == 1 else {})}
    for union in ("oneOf", "anyOf"):
        branches = node.get(union)
        if isinstance(branches, list) and {"type": "null"} in branches:
            rest = [branch for branch in branches if branch != {"type": "null"}]
            del node[union]
            node |= {"nullable": True, **({"allOf": rest} if len(rest) == 1 else {union: rest})}
    return node
