"""Lists what in a new OpenAPI document breaks callers of an older one: `python -m oslira_tools.api_changes OLD NEW`.

Breaking: an operation, parameter or field was removed, became required, or accepts or returns less than before. Additions are
not breaking, nor are changes to problems: callers must expect unknown codes.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from oslira_tools.schema_changes import Schema, SchemaComparison, resolved

_METHODS: Final = ("get", "put", "post", "patch", "delete")


def breaking_changes(old: Schema, new: Schema) -> list[str]:
    """One line for each; empty if the new one serves every caller of the old one."""
    return list(_Comparison(old, new).paths())


class _Comparison:
    def __init__(self, old: Schema, new: Schema) -> None:
        self._old, self._new = old, new
        self._schemas = SchemaComparison(old, new)

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
                yield from self._schemas.compare(
                    where, parameter["schema"], after[key]["schema"], is_sent=True
                )

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
                yield from self._schemas.compare(
                    place, content.get("schema", {}), other.get("schema", {}), is_sent=is_sent
                )

    def _all(self, document: Schema, items: Any) -> list[Schema]:
        return [resolved(document, item) for item in items]


def main() -> int:
    """Print what breaks; 1 if anything does."""
    old, new = (json.loads(Path(name).read_text()) for name in sys.argv[1:3])
    changes = breaking_changes(old, new)
    for change in changes:
        print(f"breaks callers: {change}")
    return 1 if changes else 0


if __name__ == "__main__":
    sys.exit(main())
