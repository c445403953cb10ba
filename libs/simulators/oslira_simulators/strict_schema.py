"""What strict structured output refuses, so that a schema that the real API would refuse fails here too."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

_UNSUPPORTED = (
    "allOf",
    "not",
    "dependentRequired",
    "dependentSchemas",
    "if",
    "then",
    "else",
    "patternProperties",
)


def strict_schema_problem(schema: Mapping[str, Any]) -> str | None:
    """The first rule of OpenAI's strict mode that this schema breaks."""
    if schema.get("type") != "object":
        return "schema must be a JSON Schema of 'type: \"object\"'"
    return next(_problems(schema, ()), None)


def _problems(schema: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    place = f"In context={path}, "
    for keyword in _UNSUPPORTED:
        if keyword in schema:
            yield f"{place}'{keyword}' is not permitted."
    properties: dict[str, Any] = schema.get("properties", {})
    if schema.get("type") == "object":
        if schema.get("additionalProperties") is not False:
            yield f"{place}'additionalProperties' is required to be supplied and to be false."
        missing = sorted(set(properties) - set(schema.get("required", [])))
        if missing:
            yield f"{place}'required' is required to be an array including every key in properties. Missing {missing}."
    for part_path, part in _parts(schema, properties):
        yield from _problems(part, (*path, *part_path))


def _parts(
    schema: Mapping[str, Any], properties: Mapping[str, Any]
) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    named: list[tuple[tuple[str, ...], object]] = [
        *((("properties", name), part) for name, part in properties.items()),
        *((("$defs", name), part) for name, part in schema.get("$defs", {}).items()),
        *((("anyOf", str(index)), part) for index, part in enumerate(schema.get("anyOf", []))),
        (("items",), schema.get("items")),
    ]
    for path, part in named:
        if isinstance(part, dict):
            yield path, cast("dict[str, Any]", part)
