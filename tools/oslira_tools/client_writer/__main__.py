"""`python -m oslira_tools.client_writer docs/generated/openapi.json DIRECTORY`: one module per tag, one for shared models."""

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from oslira_tools.client_writer.methods import Methods, operations_in
from oslira_tools.client_writer.models import Models

_PACKAGE: Final = "oslira_client"
_PYDANTIC: Final = "pydantic"
_SHARED: Final = "shared"
_MARK: Final = "Generated from docs/generated/openapi.json: `make openapi`."
_PLACES: Final[Mapping[str, tuple[str, ...]]] = {
    "collections.abc": ("AsyncIterator",),
    "datetime": ("datetime",),
    "typing": ("Any", "Literal", "TypeAlias"),
    "uuid": ("UUID",),
    _PYDANTIC: ("Field",),
    f"{_PACKAGE}.calls": ("Calls", "Csv", "path_of"),
    f"{_PACKAGE}.paging": ("Pages",),
    f"{_PACKAGE}.shapes": ("Answer", "Order", "Page"),
    f"{_PACKAGE}.streams": ("Event", "follow"),
}


def sources(document: Mapping[str, Any]) -> dict[str, str]:
    """By file name."""
    schemas = document["components"]["schemas"]
    operations = operations_in(document)
    names = Models(schemas, frozenset())
    sent = [(one, schema, is_answer) for one in operations for schema, is_answer in one.schemas()]
    answers = frozenset(
        name for _, schema, is_answer in sent if is_answer for name in names.needed_by(schema)
    )
    models = Models(schemas, answers)
    methods = Methods(models, operations)
    users: dict[str, set[str]] = {}  # in an order in which each name follows those that it is made of
    for one, schema, _ in sent:
        for name in models.needed_by(schema):
            users.setdefault(name, set()).add(one.tag)
    home = {name: next(iter(tags)) if len(tags) == 1 else _SHARED for name, tags in users.items()}
    tags = sorted({one.tag for one in operations})
    shared = {models.of_name(name, is_answer=True): _SHARED for name in home if home[name] == _SHARED}
    found = {"__init__.py": f'"""The API\'s models and methods. {_MARK}"""\n'}
    for place in (_SHARED, *tags):
        body = [models.source_of(name) for name in home if home[name] == place]
        calls = [methods.source_of(one) for one in operations if one.tag == place]
        if calls:
            body.append(_class_of(place, calls))
        found[f"{place}.py"] = _module(place, body, {} if place == _SHARED else shared)
    found["operations.py"] = _all_of(tags)
    return found


def _class_of(tag: str, calls: list[str]) -> str:
    start = f'class {_class_name(tag)}:\n    """`client.{tag}`."""\n\n'
    return (
        f"{start}    def __init__(self, calls: Calls) -> None:\n        self._calls = calls\n\n"
        + "\n".join(calls)
    )


def _class_name(tag: str) -> str:
    return f"{tag.title()}Api"


def _module(place: str, body: list[str], shared: Mapping[str, str]) -> str:
    text = "\n\n".join(body)
    wanted = {name: where for where, names in _PLACES.items() for name in names} | {
        name: f"{_PACKAGE}.generated.{module}" for name, module in shared.items()
    }
    code = re.sub(r'""".*?"""', "", text, flags=re.DOTALL)
    used = {word for word in set(re.findall(r"\b\w+\b", code)) if word in wanted}
    imports: dict[str, list[str]] = {}
    for name in sorted(used):
        imports.setdefault(wanted[name], []).append(name)
    blocks: list[list[str]] = [[], [], []]  # the standard library, pydantic, our own
    for where in sorted(imports):
        block = 2 if where.startswith(_PACKAGE) else 1 if where == _PYDANTIC else 0
        blocks[block].append(f"from {where} import {', '.join(imports[where])}")
    lines = "\n\n".join("\n".join(block) for block in blocks if block).split("\n")
    gap = "\n\n\n" if text.startswith("class ") else "\n\n"
    about = "Types that several parts of the API use." if place == _SHARED else f"{place.capitalize()}."
    return f'"""{about} {_MARK}"""\n\n' + "\n".join(lines) + f"{gap}{text}"


def _all_of(tags: list[str]) -> str:
    lines = [f'"""Everything that the API can do. {_MARK}"""\n', f"from {_PACKAGE}.calls import Calls"]
    lines += [f"from {_PACKAGE}.generated.{tag} import {_class_name(tag)}" for tag in tags]
    lines += ["\n\nclass Operations:", '    """By the parts of the API."""\n']
    lines += ["    def __init__(self, calls: Calls) -> None:"]
    lines += [f"        self.{tag} = {_class_name(tag)}(calls)" for tag in tags]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write all modules, and delete those that are no longer part of the API."""
    document, directory = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2])
    found = sources(document)
    for path in directory.glob("*.py"):
        if path.name not in found:
            path.unlink()
    for name, text in found.items():
        (directory / name).write_text(text)


if __name__ == "__main__":
    main()
