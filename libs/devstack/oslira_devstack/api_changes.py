"""What of a new OpenAPI document breaks callers of an older one: `python -m oslira_devstack.api_changes OLD NEW`.

Breaking is: something that could be called, sent or read is gone, is asked for where it wasn't, or may be less than before.
Additions are not, nor are changes to problems: callers are told to expect codes they don't know.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

_METHODS: Final = ("get", "put", "post", "patch", "delete")
_LOWER_BOUNDS: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems")
_UPPER_BOUNDS: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
Schema = Mapping[str, Any]


def breaking_changes(old: Schema, new: Schema) -> list[str]:
    """One line for each, none when every caller of the old one is served by the new one."""
    return list(_Comparison(old, new).paths())


class _Comparison:
    def __init__(self, old: Schema, new: Schema) -> None:
        self._old, self._new = old, new
        self._seen: set[tuple[str, str, bool]] = set()

    def paths(self) -> Iterator[str]:
        for path, old_item in self._old["paths"].items():
            new_item = self._new["paths"].get(path, {})
            for method in _METHODS:
                if method not in old_item:
                    continue
                place = f"{method.upper()} {path}"
                if method not in new_item:
                    yield f"{place} is gone"
                    continue
                yield from self._operation(place, old_item[method], new_item[method])

    def _operation(self, place: str, old: Schema, new: Schema) -> Iterator[str]:
        yield from self._parameters(place, old, new)
        yield from self._body(place, old, new)
        for status, old_answer in old["responses"].items():
            if not status.startswith("2"):
                continue
            new_answer = new["responses"].get(status)
            if new_answer is None:
                yield f"{place}: answer {status} is gone"
                continue
            yield from self._contents(f"{place} {status}", old_answer, new_answer, is_sent=False)

    def _parameters(self, place: str, old: Schema, new: Schema) -> Iterator[str]:
        before = {(p["in"], p["name"]): p for p in self._all(self._old, old.get("parameters", ()))}
        after = {(p["in"], p["name"]): p for p in self._all(self._new, new.get("parameters", ()))}
        for key, parameter in after.items():
            was_required = before.get(key, {}).get("required", False)
            if parameter.get("required") and not was_required:
                yield f"{place}: parameter {key[1]} is required now"
        for key, parameter in before.items():
            if key not in after:
                yield f"{place}: parameter {key[1]} is gone"
            else:
                where = f"{place}: parameter {key[1]}"
                yield from self._schema(where, parameter["schema"], after[key]["schema"], is_sent=True)

    def _body(self, place: str, old: Schema, new: Schema) -> Iterator[str]:
        before, after = old.get("requestBody"), new.get("requestBody")
        if after is not None and after.get("required") and not (before or {}).get("required"):
            yield f"{place}: a body is required now"
        if before is not None:
            yield from self._contents(f"{place} body", before, after or {}, is_sent=True)

    def _contents(self, place: str, old: Schema, new: Schema, *, is_sent: bool) -> Iterator[str]:
        for media_type, content in (old.get("content") or {}).items():
            other = (new.get("content") or {}).get(media_type)
            if other is None:
                yield f"{place}: {media_type} is gone"
            else:
                yield from self._schema(
                    place, content.get("schema", {}), other.get("schema", {}), is_sent=is_sent
                )

    def _schema(self, place: str, old: Schema, new: Schema, *, is_sent: bool) -> Iterator[str]:
        """`is_sent`: by callers, who need to be taken at as much as before; else read by them, who need to be given it."""
        pair = (str(old.get("$ref")), str(new.get("$ref")), is_sent)
        if "$ref" in old and "$ref" in new:
            if pair in self._seen:
                return
            self._seen.add(pair)
        old, new = _resolved(self._old, old), _resolved(self._new, new)
        yield from _kinds(place, old, new, is_sent=is_sent)
        yield from _enums(place, old, new)
        if is_sent:
            yield from _bounds(place, old, new)
        yield from self._properties(place, old, new, is_sent=is_sent)
        if "items" in old:
            yield from self._schema(f"{place}[]", old["items"], new.get("items", {}), is_sent=is_sent)
        for union in ("oneOf", "anyOf"):
            yield from self._branches(place, old.get(union, ()), new.get(union, ()), is_sent=is_sent)

    def _properties(self, place: str, old: Schema, new: Schema, *, is_sent: bool) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        was, now = set(old.get("required", ())), set(new.get("required", ()))
        for name in sorted((now - was) if is_sent else set[str]()):
            yield f"{place}.{name} is required now"
        for name, schema in before.items():
            where = f"{place}.{name}"
            if name not in after:
                yield f"{where} is gone"
            else:
                yield from self._schema(where, schema, after[name], is_sent=is_sent)
                if not is_sent and name in was and name not in now:
                    yield f"{where} is not always there any more"

    def _branches(self, place: str, old: Any, new: Any, *, is_sent: bool) -> Iterator[str]:
        """Each old branch against the new one of the same name or kind."""
        after = {_name(branch): branch for branch in new}
        for branch in old:
            name = _name(branch)
            if name in after:
                yield from self._schema(place, branch, after[name], is_sent=is_sent)
            elif new and is_sent:
                yield f"{place} takes no {name} any more"

    def _all(self, document: Schema, items: Any) -> list[Schema]:
        return [_resolved(document, item) for item in items]


def _kinds(place: str, old: Schema, new: Schema, *, is_sent: bool) -> Iterator[str]:
    before, after = _types(old), _types(new)
    if not before or not after:
        return
    lost = (before - after) if is_sent else (after - before)
    if lost:
        yield f"{place} was {' or '.join(sorted(before))}, is {' or '.join(sorted(after))}"


def _types(schema: Schema) -> frozenset[str]:
    kinds = schema.get("type", ())
    return frozenset([kinds] if isinstance(kinds, str) else kinds)


def _enums(place: str, old: Schema, new: Schema) -> Iterator[str]:
    before, after = old.get("enum"), new.get("enum")
    if before is not None and after is not None and (lost := [v for v in before if v not in after]):
        yield f"{place} has no {', '.join(map(str, lost))} any more"
    if before is None and after is not None and "const" not in old:
        yield f"{place} was open, is one of {len(after)} values"


def _bounds(place: str, old: Schema, new: Schema) -> Iterator[str]:
    for name in _LOWER_BOUNDS:
        if name in new and (name not in old or new[name] > old[name]):
            yield f"{place}: {name} is {new[name]} now"
    for name in _UPPER_BOUNDS:
        if name in new and (name not in old or new[name] < old[name]):
            yield f"{place}: {name} is {new[name]} now"
    if "pattern" in new and new["pattern"] != old.get("pattern"):
        yield f"{place}: another pattern"


def _name(branch: Schema) -> str:
    return str(branch.get("$ref") or branch.get("type") or sorted(branch))


def _resolved(document: Schema, node: Schema) -> Schema:
    while "$ref" in node:
        found: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node


def main() -> int:
    """Print what breaks; 1 if anything does."""
    old, new = (json.loads(Path(name).read_text()) for name in sys.argv[1:3])
    changes = breaking_changes(old, new)
    for change in changes:
        print(f"breaks callers: {change}")
    return 1 if changes else 0


if __name__ == "__main__":
    sys.exit(main())
