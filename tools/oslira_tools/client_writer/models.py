"""Schemas of an OpenAPI document as Python: type annotations, and classes for those with fields."""

import re
from collections.abc import Iterator, Mapping, Sequence
from keyword import iskeyword
from typing import Any, Final

Schema = Mapping[str, Any]
SCHEMAS: Final = "#/components/schemas/"
_PLAIN: Final = {"integer": "int", "number": "float", "boolean": "bool", "null": "None"}
_FORMATS: Final = {"uuid": "UUID", "date-time": "datetime"}
_PAGE: Final = frozenset({"items", "next_cursor"})


class Models:
    """The schemas of one document. `answers`: those in answers, which accept unknown values of enumerations."""

    def __init__(self, schemas: Mapping[str, Schema], answers: frozenset[str]) -> None:
        self._schemas = schemas
        self._answers = answers

    def type_of(self, schema: Schema, *, is_answer: bool) -> str:
        """As an annotation."""
        if "$ref" in schema:
            return self.of_name(name_in(schema), is_answer=is_answer)
        for union in ("anyOf", "oneOf"):
            if union in schema:
                return _union(self.type_of(branch, is_answer=is_answer) for branch in schema[union])
        if "const" in schema:
            return _words([schema["const"]], is_open=is_answer)
        if "enum" in schema:
            return _words(schema["enum"], is_open=is_answer)
        if isinstance(kinds := schema.get("type"), list):
            return _union(self.type_of({**schema, "type": kind}, is_answer=is_answer) for kind in kinds)
        return self._of_kind(schema, is_answer=is_answer)

    def _of_kind(self, schema: Schema, *, is_answer: bool) -> str:
        match schema.get("type"):
            case "array":
                return f"list[{self.type_of(schema.get('items', {}), is_answer=is_answer)}]"
            case "object":
                values = schema.get("additionalProperties")
                inner = self.type_of(values, is_answer=is_answer) if isinstance(values, dict) else "Any"
                return f"dict[str, {inner}]"
            case "string":
                return _FORMATS.get(schema.get("format", ""), "str")
            case kind:
                return _PLAIN.get(kind or "", "Any")

    def of_name(self, name: str, *, is_answer: bool) -> str:
        """What the class of a schema is called; a page names what it is a page of."""
        if self._is_page(name):
            items = self._schemas[name]["properties"]["items"]["items"]
            return f"Page[{self.type_of(items, is_answer=is_answer)}]"
        return "".join(part[0].upper() + part[1:] for part in re.split(r"[._]", name))

    def source_of(self, name: str) -> str:
        """The class, or the words, of a schema."""
        schema, is_answer = self._schemas[name], name in self._answers
        called = self.of_name(name, is_answer=is_answer)
        if "properties" not in schema:
            return f"{called}: TypeAlias = {self.type_of(schema, is_answer=is_answer)}\n"
        base = "Answer" if is_answer else "Order"
        text = f"class {called}({base}):\n"
        if about := schema.get("description"):
            text += f'    """{_tidy(about)}"""\n\n'
        required = set(schema.get("required", ()))
        fields = sorted(schema["properties"].items(), key=lambda field: field[0] not in required)
        for field, kind in fields:
            text += f"    {_attribute(field)}: {self._field(kind, is_answer=is_answer, is_required=field in required)}"
            text += f' = Field(alias="{field}")\n' if iskeyword(field) else "\n"
        return text

    def _field(self, schema: Schema, *, is_answer: bool, is_required: bool) -> str:
        kind = self.type_of(schema, is_answer=is_answer)
        if is_required:
            return kind
        default = schema.get("default")
        if isinstance(default, str | int):
            return f"{kind} = {default!r}"
        return f"{kind} = None" if kind.endswith("None") else f"{kind} | None = None"

    def _is_page(self, name: str) -> bool:
        return self._schemas[name].get("properties", {}).keys() == _PAGE

    def needed_by(self, schema: Any) -> Iterator[str]:
        """The names of all schemas that one holds, each after those that it holds itself."""
        if isinstance(schema, Mapping):
            if "$ref" in schema and str(schema["$ref"]).startswith(SCHEMAS):
                name = name_in(schema)
                yield from self.needed_by(self._schemas[name])
                if not self._is_page(name):
                    yield name
            for value in schema.values():
                yield from self.needed_by(value)
        elif isinstance(schema, Sequence) and not isinstance(schema, str):
            for value in schema:
                yield from self.needed_by(value)


def name_in(schema: Schema) -> str:
    """The name that a reference holds."""
    return str(schema["$ref"]).removeprefix(SCHEMAS)


def _attribute(field: str) -> str:
    """A field's name in Python. One that is a keyword is required: it has no default beside its alias."""
    return f"{field}_" if iskeyword(field) else field


def _union(kinds: Any) -> str:
    found = list(dict.fromkeys(part for kind in kinds for part in _parts(kind)))
    return " | ".join([*(kind for kind in found if kind != "None"), *(["None"] if "None" in found else [])])


def _parts(kind: str) -> list[str]:
    return [kind] if "[" in kind else kind.split(" | ")


def _words(values: Sequence[Any], *, is_open: bool) -> str:
    words = ", ".join(f'"{value}"' for value in values if value is not None)
    return _union([f"Literal[{words}]", *(["str"] if is_open else []), *(["None"] if None in values else [])])


def _tidy(text: str) -> str:
    """A docstring of one indentation."""
    lines = [line.strip() for line in text.strip().splitlines()]
    ending = "\n    " if len(lines) > 1 else ""
    return "\n".join([lines[0], *(f"    {line}" if line else "" for line in lines[1:])]) + ending
