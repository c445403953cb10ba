"""Answers that are valid for the requested JSON schema, and derived from the profile in the prompt.

Deterministic: a value depends only on the username and on its place in the answer.
"""

import math
import random
import re
from collections.abc import Mapping
from typing import Any, cast

from oslira_simulators.evidence import Evidence, pick_evidence
from oslira_simulators.prompt import ShownProfile
from oslira_simulators.sentences import write_sentence

Schema = Mapping[str, Any]

# Bounds of a drafted business: invented ones would refuse every profile that is scored for it.
_OPEN_BOUNDS = frozenset({"followers_min", "followers_max"})
_SOURCE_FIELDS = ("source", "ref")
_QUOTE_FIELDS = ("quote", "quotes")
_DEEPEST = 8  # a recursive schema ends here, with null or an empty list
_PATTERN_SAMPLES = (
    "biography",
    "post:1",
    "1",
    "en",
    "en-GB",
    "2026-11-15",
    "09:00",
    "#1a2b3c",
    "hello",
    "A",
    "USD",
)
_FORMATS = {
    "date": "2026-11-15",
    "date-time": "2026-11-15T09:00:00Z",
    "time": "09:00:00Z",
    "duration": "P1D",
    "email": "hello@profile.example",
    "uri": "https://profile.example/",
    "hostname": "profile.example",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


def answer_for(schema: Schema, profile: ShownProfile) -> Any:
    """A JSON value valid for `schema`: $ref, $defs, anyOf, oneOf, allOf, enum, const and the usual limits."""
    return _Writer(schema, profile).value(schema, path="")


class _Writer:
    def __init__(self, root: Schema, profile: ShownProfile) -> None:
        self._root = root
        self._profile = profile

    def value(self, schema: Schema, *, path: str, evidence: Evidence | None = None) -> Any:
        schema = self._resolved(schema, path)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            name = path.rsplit("/", 1)[-1]
            named = _name_of_source(schema, evidence.source) if evidence and name in _SOURCE_FIELDS else None
            return named or self._dice(path).choice(list(schema["enum"]))
        writers = {
            "object": self._object,
            "array": self._array,
            "integer": self._integer,
            "number": self._number,
            "boolean": self._boolean,
        }
        kind = _type_of(schema)
        if kind == "string":
            return self._string(schema, path, evidence)
        return writers[kind](schema, path) if kind in writers else None

    def _dice(self, path: str) -> random.Random:
        return random.Random(f"{self._profile.username}/{path}")

    def _resolved(self, schema: Schema, path: str) -> Schema:
        """Follows references, merges allOf and chooses a branch of anyOf or oneOf."""
        while True:
            if "$ref" in schema:
                siblings = {key: value for key, value in schema.items() if key != "$ref"}
                schema = {**self._at(str(schema["$ref"])), **siblings}
            elif "allOf" in schema:
                schema = _merged(schema, [self._resolved(part, path) for part in schema["allOf"]])
            elif branches := schema.get("anyOf") or schema.get("oneOf"):
                siblings = {key: value for key, value in schema.items() if key not in {"anyOf", "oneOf"}}
                schema = {**siblings, **self._branch(branches, path)}
            else:
                return schema

    def _at(self, reference: str) -> Schema:
        found: Any = self._root
        for part in reference.removeprefix("#").strip("/").split("/"):
            found = found[part.replace("~1", "/").replace("~0", "~")] if part else found
        return found

    def _branch(self, branches: list[Schema], path: str) -> Schema:
        """Null only where nesting is too deep: a richer answer tests more of its reader."""
        nulls = [branch for branch in branches if branch.get("type") == "null"]
        others = [branch for branch in branches if branch.get("type") != "null"]
        is_open = path.rsplit("/", 1)[-1] in _OPEN_BOUNDS
        if not others or (nulls and (is_open or path.count("/") >= _DEEPEST)):
            return nulls[0]
        return self._dice(path).choice(others)

    def _object(self, schema: Schema, path: str) -> dict[str, Any]:
        properties: dict[str, Schema] = schema.get("properties", {})
        required = set(schema.get("required", []))
        evidence = self._evidence(properties, path) if "quote" in properties else None
        is_deep = path.count("/") >= _DEEPEST
        return {
            name: self.value(part, path=f"{path}/{name}", evidence=evidence)
            for name, part in properties.items()
            if name in required or not is_deep
        }

    def _evidence(self, properties: Mapping[str, Schema], path: str) -> Evidence:
        sources = [self._resolved(properties[name], path) for name in _SOURCE_FIELDS if name in properties]
        return pick_evidence(
            self._profile,
            turn=self._turn(path),
            dice=self._dice(f"{path}/evidence"),
            accepts=lambda source: all(_name_of_source(part, source) is not None for part in sources),
        )

    def _turn(self, path: str) -> int:
        """Where the elements of one list begin, and then one after the other."""
        place, _, last = path.rpartition("/")
        first = self._dice(f"{place}/turn").randrange(1_000)
        return first + int(last) if last.isdigit() else first

    def _array(self, schema: Schema, path: str) -> list[Any]:
        dice = self._dice(path)
        fewest, most = int(schema.get("minItems", 0)), schema.get("maxItems")
        wanted = fewest if path.count("/") >= _DEEPEST else max(fewest, dice.randint(2, 3))
        length = wanted if most is None else min(wanted, int(most))
        items = self._resolved(schema.get("items", {"type": "string"}), path)
        if "enum" in items and fewest <= len(items["enum"]):  # distinct, as a reader expects of labels
            return dice.sample(list(items["enum"]), min(length, len(items["enum"])))
        return [self.value(items, path=f"{path}/{index}") for index in range(length)]

    def _string(self, schema: Schema, path: str, evidence: Evidence | None) -> str:
        name = next((part for part in reversed(path.split("/")) if part and not part.isdigit()), "")
        if name in _QUOTE_FIELDS:
            found = evidence or pick_evidence(
                self._profile, turn=self._turn(path), dice=self._dice(path), accepts=bool
            )
            return _sized(found.quote, schema)
        if "format" in schema:
            return _FORMATS.get(schema["format"], "")
        if evidence and name in _SOURCE_FIELDS:
            text = evidence.source
        else:
            text = write_sentence(
                self._profile, path=path, field=name, dice=self._dice(path), evidence=evidence
            )
        return _matching(_sized(text, schema), schema)

    def _integer(self, schema: Schema, path: str) -> int:
        low = schema.get("minimum", schema.get("exclusiveMinimum", -1) + 1)
        high = schema.get("maximum", schema.get("exclusiveMaximum", max(101, low + 101)) - 1)
        step = int(schema.get("multipleOf", 1))
        return step * self._dice(path).randint(-(-int(low) // step), int(high) // step)

    def _boolean(self, schema: Schema, path: str) -> bool:  # noqa: ARG002 - called like the others
        return self._dice(path).random() < 0.5

    def _number(self, schema: Schema, path: str) -> float:
        low = float(schema.get("minimum", schema.get("exclusiveMinimum", 0)))
        high = float(schema.get("maximum", schema.get("exclusiveMaximum", max(1.0, low + 1.0))))
        value = low + (high - low) * self._dice(path).uniform(0.05, 0.95)  # inside, so exclusive limits hold
        if step := schema.get("multipleOf"):
            return max(math.ceil(low / step), math.floor(value / step)) * step
        return round(value, 2) if high - low > 0.5 else value


def _type_of(schema: Schema) -> str:
    named: object = schema.get("type")
    if isinstance(named, list):  # ["string", "null"]
        named = next((name for name in cast("list[str]", named) if name != "null"), "null")
    if isinstance(named, str):
        return named
    return "object" if "properties" in schema else "array" if "items" in schema else "string"


def _merged(schema: Schema, parts: list[Schema]) -> Schema:
    whole = {key: value for key, value in schema.items() if key != "allOf"}
    for part in parts:
        properties = {**whole.get("properties", {}), **part.get("properties", {})}
        required = [*whole.get("required", []), *part.get("required", [])]
        whole = {**whole, **part}
        whole |= {"properties": properties, "required": required} if properties else {}
    return whole


def _name_of_source(schema: Schema, source: str) -> str | None:
    """What this schema calls that source; None if it can't name it."""
    if "const" in schema:
        return schema["const"] if schema["const"] == source else None
    if "enum" in schema:
        kind = "bio" if source == "biography" else "post"
        names = [name for name in schema["enum"] if isinstance(name, str)]
        exact = [name for name in names if name == source]
        alike = [
            name for name in names if name.startswith(kind) or (kind == "post" and name.startswith("caption"))
        ]
        return next(iter(exact or alike), None)
    if "pattern" in schema:
        return source if re.search(schema["pattern"], source) else None
    return source


def _sized(text: str, schema: Schema) -> str:
    shortest, longest = int(schema.get("minLength", 0)), schema.get("maxLength")
    while len(text) < shortest:
        text += f" {text}" if text else "It is so."
    return text if longest is None else text[: int(longest)]


def _matching(text: str, schema: Schema) -> str:
    """Raises ValueError for a pattern beyond these samples, rather than answer invalidly."""
    pattern = schema.get("pattern")
    if pattern is None:
        return text
    for sample in (text, *_PATTERN_SAMPLES):
        if re.search(pattern, sample):
            return sample
    raise ValueError(f"the simulated model knows no text for the pattern {pattern!r}")
