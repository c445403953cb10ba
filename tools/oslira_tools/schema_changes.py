"""Changes of a schema that break readers or writers of an older one, for the HTTP API and for messages."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

_LOWER_BOUNDS: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems")
_UPPER_BOUNDS: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
_UNIONS: Final = ("oneOf", "anyOf")
Schema = Mapping[str, Any]


class SchemaComparison:
    """Of two documents, each with the schemas that it refers to."""

    def __init__(self, old: Schema, new: Schema, *, is_exact: bool = False) -> None:
        """`is_exact`: for readers that reject unknown values, so that additional values break them too."""
        self._old, self._new, self._is_exact = old, new, is_exact
        self._seen: set[tuple[str, str, bool]] = set()

    def compare(self, place: str, old: Schema, new: Schema, *, is_sent: bool) -> Iterator[str]:
        """`is_sent`: by callers, who must be able to send as much as before; else read by them, who must get as much as before."""
        pair = (str(old.get("$ref")), str(new.get("$ref")), is_sent)
        if "$ref" in old and "$ref" in new:
            if pair in self._seen:
                return
            self._seen.add(pair)
        old, new = resolved(self._old, old), resolved(self._new, new)
        yield from self._kinds(place, old, new, is_sent=is_sent)
        yield from _enums(place, old, new)
        if self._is_exact:
            yield from _new_values(place, old, new)
            yield from _formats(place, old, new)
        if is_sent:
            yield from _bounds(place, old, new)
        yield from self._properties(place, old, new, is_sent=is_sent)
        if "items" in old:
            yield from self.compare(f"{place}[]", old["items"], new.get("items", {}), is_sent=is_sent)
        if isinstance(values := old.get("additionalProperties"), Mapping):
            others = new.get("additionalProperties")
            yield from self.compare(
                f"{place}.*", values, others if isinstance(others, Mapping) else {}, is_sent=is_sent
            )
        for union in _UNIONS:
            yield from self._branches(place, old.get(union, ()), new.get(union, ()), is_sent=is_sent)

    def _kinds(self, place: str, old: Schema, new: Schema, *, is_sent: bool) -> Iterator[str]:
        if any(union in old and union in new for union in _UNIONS):
            return  # branch by branch
        before, after = _types(self._old, old), _types(self._new, new)
        if not before or not after:
            return
        lost = (before - after) if is_sent else (after - before)
        if lost:
            yield f"{place} was {' or '.join(sorted(before))}, is {' or '.join(sorted(after))}"

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
                yield from self.compare(where, schema, after[name], is_sent=is_sent)
                if not is_sent and name in was and name not in now:
                    yield f"{where} is not always there any more"

    def _branches(self, place: str, old: Any, new: Any, *, is_sent: bool) -> Iterator[str]:
        """Each old branch against the new one of the same name or kind."""
        after = {_name(branch): branch for branch in new}
        for branch in old:
            name = _name(branch)
            if name in after:
                yield from self.compare(place, branch, after[name], is_sent=is_sent)
            elif new and is_sent:
                yield f"{place} takes no {name} any more"
        known = {_name(branch) for branch in old}
        if self._is_exact and known:
            yield from (f"{place} may be {name} now" for name in after if name not in known)


def _types(document: Schema, schema: Schema) -> frozenset[str]:
    """Of a union, those of its branches; none if that is unknown."""
    for union in _UNIONS:
        if union in schema:
            kinds = [_types(document, resolved(document, branch)) for branch in schema[union]]
            return frozenset[str]().union(*kinds) if all(kinds) else frozenset()
    kinds = schema.get("type", ())
    return frozenset([kinds] if isinstance(kinds, str) else kinds)


def _enums(place: str, old: Schema, new: Schema) -> Iterator[str]:
    before, after = old.get("enum"), new.get("enum")
    if before is not None and after is not None and (lost := [v for v in before if v not in after]):
        yield f"{place} has no {', '.join(map(str, lost))} any more"
    if before is None and after is not None and "const" not in old:
        yield f"{place} was open, is one of {len(after)} values"


def _new_values(place: str, old: Schema, new: Schema) -> Iterator[str]:
    before, after = old.get("enum"), new.get("enum")
    if before is not None and after is not None and (more := [v for v in after if v not in before]):
        yield f"{place} may be {', '.join(map(str, more))} now"


def _formats(place: str, old: Schema, new: Schema) -> Iterator[str]:
    before, after = old.get("format"), new.get("format")
    if before != after:
        yield f"{place} was {before or 'of no format'}, is {after or 'of no format'}"


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


def resolved(document: Schema, node: Schema) -> Schema:
    """`node`, or what it refers to."""
    while "$ref" in node:
        found: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node
