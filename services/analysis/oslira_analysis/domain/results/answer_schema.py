"""JSON schemas for models' answers, and parsing the answers.

OpenAI's strict mode requires every field to be required, `additionalProperties: false` and no unknown keywords; lengths of
strings are ignored or rejected, so they are in descriptions and the domain truncates. Claude supports no bounds.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar, cast

from pydantic import BaseModel, BeforeValidator, ValidationError

from oslira_analysis.domain.results.answer_text import json_objects

Schema = dict[str, Any]
Answer = TypeVar("Answer", bound=BaseModel)

_KEPT: Final = frozenset(
    {"type", "enum", "const", "description", "minimum", "maximum", "minItems", "maxItems"}
)
_LEFT_OUT: Final = frozenset(
    {"title", "default", "minLength", "maxLength", "$defs", "required", "additionalProperties"}
)
_WHOLE: Final = re.compile(r"\d{1,15}(?:\.0{1,6})?", re.ASCII)
_BOUNDS: Final = ("minimum", "maximum", "minItems", "maxItems")


class InvalidAnswer(ValueError):  # noqa: N818
    """An unusable answer of a model: not JSON, not of the schema, or out of range.

    The text names fields and rules, never values: it is logged, and sent back to the model for its repair.
    """


class UnsupportedSchema(TypeError):  # noqa: N818
    """An answer model that strict mode does not support. A programming error, raised when the schema is built."""


def _whole(value: object) -> object:
    """87, 87.0, "87" and "87.0" are the same number; validation rejects anything else."""
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        return int(float(value))
    return int(value) if isinstance(value, float) and value.is_integer() else value


# For integers of answers, as the last annotation after `Field(strict=True)`: true is not a number, "87" and 87.0 are 87.
READ_WHOLE: Final = BeforeValidator(_whole)


def json_schema_strict(model: type[BaseModel]) -> Schema:
    """The schema of `model` for OpenAI's strict mode: references inlined, so models must not be recursive."""
    schema = model.model_json_schema()
    return _strict(_undocumented(schema), definitions=schema.get("$defs", {}))


def without_bounds(schema: Schema) -> Schema:
    """A strict schema for Claude, which rejects bounds on numbers and arrays: they move into the description."""
    bounds = ", ".join(f"{key} {schema[key]}" for key in _BOUNDS if key in schema)
    plain = {
        key: _map_schemas(key, value, without_bounds) for key, value in schema.items() if key not in _BOUNDS
    }
    if bounds:
        plain["description"] = f"{schema.get('description', '')} ({bounds})".strip()
    return plain


def read_answer(model: type[Answer], text: str) -> Answer:
    """The answer in `text`, as the model wrote it. Raises InvalidAnswer.

    A text with more than the answer is accepted if it contains exactly one valid answer: fenced, wrapped, repeated, or
    with words around it. Two different valid answers are rejected, because either could be the intended one.
    """
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        answers = _valid_answers(model, text)
        if len(answers) == 1:
            return answers[0]
        raise InvalidAnswer("answer: more than one" if answers else _named(error)) from None


def check_answer(model: type[Answer], kept: object) -> Answer:
    """An answer that was parsed before and stored as JSON, perhaps with another version's schema. Raises InvalidAnswer."""
    try:
        return model.model_validate(kept)
    except ValidationError as error:
        raise InvalidAnswer(_named(error)) from None


def _valid_answers(model: type[Answer], text: str) -> list[Answer]:
    """Without duplicates."""
    found: list[Answer] = []
    for value in json_objects(text):
        try:
            answer = model.model_validate(value)
        except ValidationError:
            continue
        if answer not in found:
            found.append(answer)
    return found


def _named(error: ValidationError) -> str:
    """Fields and rules only: pydantic's own text repeats the input."""
    faults = error.errors(include_input=False, include_context=False, include_url=False)
    return "; ".join(
        f"{'.'.join(map(str, fault['loc'])) or 'answer'}: {fault['type']}" for fault in faults[:5]
    )


def _strict(schema: Schema, *, definitions: Mapping[str, Schema]) -> Schema:
    if (
        "$ref" in schema
    ):  # strict mode allows no siblings of a reference, so they are merged into the referenced schema
        name = str(schema["$ref"]).removeprefix("#/$defs/")
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        return _strict({**_undocumented(definitions[name]), **beside}, definitions=definitions)
    strict: Schema = {}
    for key, value in schema.items():
        if key in ("properties", "items", "anyOf"):
            strict[key] = _map_schemas(key, value, lambda part: _strict(part, definitions=definitions))
        elif key in _KEPT:
            strict[key] = value
        elif key not in _LEFT_OUT:
            raise UnsupportedSchema(f"strict mode does not support {key!r}")
    if "properties" in strict:
        strict["required"] = list(strict["properties"])
        strict["additionalProperties"] = False
    return strict


def _undocumented(schema: Schema) -> Schema:
    """Without the class's docstring, which is for developers. Models read the fields' descriptions."""
    return {key: value for key, value in schema.items() if key != "description"}


def _map_schemas(key: str, value: Any, change: Callable[[Schema], Schema]) -> Any:
    """`value` of the keyword `key` with `change` applied to each schema in it."""
    if key == "properties":
        return {name: change(part) for name, part in cast("dict[str, Schema]", value).items()}
    if key == "items":
        return change(cast("Schema", value))
    if key == "anyOf":
        return [change(part) for part in cast("list[Schema]", value)]
    return value
