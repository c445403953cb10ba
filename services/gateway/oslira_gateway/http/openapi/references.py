"""References between the parts of the document."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

SCHEMAS: Final = "#/components/schemas/"


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    """All objects in `value`."""
    if isinstance(value, dict):
        yield value
        for part in value.values():
            yield from nodes(part)
    elif isinstance(value, list):
        for part in value:
            yield from nodes(part)


def reachable(schemas: Mapping[str, Any], value: Any) -> set[str]:
    """Names of the schemas that `value` refers to, directly or by others."""
    found, waiting = set[str](), _referred(value)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting |= _referred(schemas[name])
    return found


def _referred(value: Any) -> set[str]:
    refs = (str(node["$ref"]) for node in nodes(value) if "$ref" in node)
    return {ref.removeprefix(SCHEMAS) for ref in refs if ref.startswith(SCHEMAS)}
