"""Request bodies in the document, as pydantic says them: with bounds, patterns, and that nothing else may be sent."""

from collections.abc import Mapping
from typing import Any, Final

from litestar.handlers import HTTPRouteHandler
from pydantic import BaseModel

# opt: media type → model, or `str`, of a body that the route reads by itself.
BODY: Final = "body"
# opt: model of what comes in the query when the body is CSV. Said in words: as parameters they would
# hold for JSON bodies too, and those ignore them.
CSV_TERMS: Final = "csv_terms"
_WORDS: Final = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}


def describe_body(operation: dict[str, Any], handler: HTTPRouteHandler, schemas: dict[str, Any]) -> None:
    """Complete the operation's `requestBody`; models it needs go to `schemas`."""
    data = handler.parsed_fn_signature.parameters.get("data")
    stated: Mapping[str, Any] = handler.opt.get(BODY) or {}
    if data is not None and _is_model(data.annotation):
        stated = {"application/json": data.annotation, **stated}
    content = {media_type: {"schema": _schema(kind, schemas)} for media_type, kind in stated.items()}
    if content:
        body: dict[str, Any] = {"required": True, "content": content}
        if terms := handler.opt.get(CSV_TERMS):
            body["description"] = _in_the_query(terms)
        operation["requestBody"] = body


def _schema(kind: Any, schemas: dict[str, Any]) -> dict[str, Any]:
    if not _is_model(kind):
        return {"type": "string"}
    schema = _in_json_schema(kind.model_json_schema(ref_template="#/components/schemas/{model}"))
    schemas.update(schema.pop("$defs", {}))
    schemas[kind.__name__] = schema
    return {"$ref": f"#/components/schemas/{kind.__name__}"}


def _in_the_query(terms: type[BaseModel]) -> str:
    """Each term, its bounds and whether it has to be there, as the model has them."""
    schema = _in_json_schema(terms.model_json_schema())
    required = schema.get("required", ())
    lines = ["As `text/csv` the body is the names alone, and these are query parameters:", ""]
    for name, term in schema["properties"].items():
        said = next((one for one in term.get("anyOf", ()) if one != {"type": "null"}), term)
        words = ["required" if name in required else "optional", said.get("format", said["type"])]
        words += [f"one of {', '.join(f'`{value}`' for value in said['enum'])}"] if "enum" in said else []
        words += [f"{said['minimum']} to {said['maximum']}"] if "minimum" in said else []
        lines.append(f"- `{name}`: {', '.join(words)}")
    return "\n".join(lines)


def _in_json_schema(node: Any) -> Any:
    """Pydantic keeps its own words for the bounds of a type that has a validator of its own."""
    if isinstance(node, list):
        return [_in_json_schema(item) for item in node]
    if isinstance(node, dict):
        return {_WORDS.get(name, name): _in_json_schema(value) for name, value in node.items()}
    return node


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
