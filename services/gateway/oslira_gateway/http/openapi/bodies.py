"""Request bodies in the document, from their pydantic models: bounds, patterns, no additional properties."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from litestar.handlers import HTTPRouteHandler
from pydantic import BaseModel

# opt: media type → model, or `str`, of a body that the route parses itself.
BODY: Final = "body"
# opt: model of the query parameters of a CSV body. None is required, because a JSON body has these values itself.
CSV_TERMS: Final = "csv_terms"
_WORDS: Final = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}


def describe_body(operation: dict[str, Any], handler: HTTPRouteHandler, schemas: dict[str, Any]) -> None:
    """Complete the operation's `requestBody`; its models are added to `schemas`."""
    data = handler.parsed_fn_signature.parameters.get("data")
    stated: Mapping[str, Any] = handler.opt.get(BODY) or {}
    if data is not None and _is_model(data.annotation):
        stated = {"application/json": data.annotation, **stated}
    content = {media_type: {"schema": _schema(kind, schemas)} for media_type, kind in stated.items()}
    if content:
        operation["requestBody"] = {"required": True, "content": content}
    if terms := handler.opt.get(CSV_TERMS):
        operation["parameters"] = [*operation.get("parameters", ()), *_in_the_query(terms)]


def _schema(kind: Any, schemas: dict[str, Any]) -> dict[str, Any]:
    if not _is_model(kind):
        return {"type": "string"}
    schema = _in_json_schema(kind.model_json_schema(ref_template="#/components/schemas/{model}"))
    schemas.update(schema.pop("$defs", {}))
    schemas[kind.__name__] = schema
    return {"$ref": f"#/components/schemas/{kind.__name__}"}


def _in_the_query(terms: type[BaseModel]) -> Iterator[dict[str, Any]]:
    """Each term as a parameter."""
    schema = _in_json_schema(terms.model_json_schema())
    for name, term in schema["properties"].items():
        said = next((one for one in term.get("anyOf", ()) if one != {"type": "null"}), term)
        needed = " Required there." if name in schema.get("required", ()) else ""
        yield {
            "name": name,
            "in": "query",
            "required": False,
            "description": f"With a `text/csv` body only.{needed} {term['description']}",
            "schema": {word: value for word, value in said.items() if word not in {"title", "description"}},
        }


def _in_json_schema(node: Any) -> Any:
    """Pydantic uses its own keywords for the bounds of a type with a custom validator."""
    if isinstance(node, list):
        return [_in_json_schema(item) for item in node]
    if isinstance(node, dict):
        return {_WORDS.get(name, name): _in_json_schema(value) for name, value in node.items()}
    return node


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
