"""Operations of an OpenAPI document as methods."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from keyword import iskeyword
from textwrap import fill
from typing import Any, Final

from oslira_tools.client_writer.models import Models, Schema, name_in

_METHODS: Final = ("get", "post", "put", "patch", "delete")
# Set once for a client, or managed by it; If-None-Match is for browsers.
_NOT_ASKED_FOR: Final = frozenset({"X-Account-Id", "Last-Event-ID", "If-None-Match", "ticket"})
_KEY: Final = "Idempotency-Key"
_EVENTS: Final = "text/event-stream"
_BYTES: Final = frozenset({"text/csv", "image/*"})
_INDENT: Final = " " * 8
# Says why the next connection is refused, which it is.
_ACCESS_ENDED: Final = "access_ended"


@dataclass(frozen=True, slots=True)
class Operation:
    """One of the document."""

    method: str
    path: str
    described: Schema
    parameters: tuple[Schema, ...]

    @property
    def tag(self) -> str:
        """Whose module it is in."""
        return str(self.described["tags"][0])

    @property
    def name(self) -> str:
        """The operationId in Python's spelling: listLeads is list_leads."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", str(self.described["operationId"])).lower()

    @property
    def about(self) -> str:
        """What it does: the first paragraph of its description, as lines of a docstring."""
        text = str(self.described["description"]).partition("\n\n")[0]
        return fill(text, 110, initial_indent=_INDENT, subsequent_indent=_INDENT)

    @property
    def answers(self) -> dict[int, Mapping[str, Schema]]:
        """By status, by media type: those of success that hold something."""
        found = {int(status): answer for status, answer in self.described["responses"].items()}
        contents = {
            status: answer.get("content") or {} for status, answer in found.items() if 200 <= status < 300
        }
        return {status: content for status, content in contents.items() if content}

    @property
    def body(self) -> Mapping[str, Any]:
        """By media type."""
        return self.described.get("requestBody", {}).get("content", {})

    def placed(self, place: str) -> list[Schema]:
        """Parameters of the path, the query or the headers."""
        return [one for one in self.parameters if one["in"] == place and one["name"] not in _NOT_ASKED_FOR]

    def schemas(self) -> Iterator[tuple[Any, bool]]:
        """All that it sends, and (True) all that it is answered."""
        yield from ((content, True) for content in self.answers.values())
        yield self.body, False
        yield [one["schema"] for one in self.parameters if one["name"] not in _NOT_ASKED_FOR], False


def operations_in(document: Schema) -> list[Operation]:
    """In the order of their paths."""
    return [
        Operation(method.upper(), path, item[method], tuple(_parameters(document, item[method])))
        for path, item in sorted(document["paths"].items())
        for method in _METHODS
        if method in item
    ]


def _parameters(document: Schema, described: Schema) -> Iterator[Schema]:
    for parameter in described.get("parameters", ()):
        if "$ref" in parameter:
            yield document["components"]["parameters"][parameter["$ref"].rpartition("/")[2]]
        else:
            yield parameter


class Methods:
    """Writes them."""

    def __init__(self, models: Models, operations: list[Operation]) -> None:
        self._models = models
        self._reads = {one.path: one for one in operations if one.method == "GET"}

    def source_of(self, one: Operation) -> str:
        """The whole method."""
        medium = next((medium for content in one.answers.values() for medium in content), None)
        if medium == _EVENTS:
            return self._stream(one)
        if medium in _BYTES:
            call = f"return self._calls.chunks({self._path(one)}{self._query(one, ', ')})"
            return self._method(one, "AsyncIterator[bytes]", call, is_async=False)
        if medium is None:
            call = f'await self._calls.do("{one.method}", {self._path(one)}{self._headers(one)})'
            return self._method(one, "None", call)
        kinds = {status: self._answer(content) for status, content in one.answers.items()}
        returns = " | ".join(dict.fromkeys(kinds.values()))
        if returns.startswith("Page["):
            item = returns[len("Page[") : -1]
            call = f"return self._calls.pages({self._path(one)}, {item}{self._query(one, ', ')})"
            return self._method(one, f"Pages[{item}]", call, is_async=False)
        known = "{" + ", ".join(f"{status}: {kind}" for status, kind in kinds.items()) + "}"
        call = f"return await self._calls.{self._verb(one)}{known}{self._sent(one)})"
        return self._method(one, returns, call)

    def _verb(self, one: Operation) -> str:
        if one.method == "GET":
            return f"read({self._path(one)}, "
        if _is_keyed(one):
            return f"order({self._path(one)}, "
        return f'send("{one.method}", {self._path(one)}, '

    def _sent(self, one: Operation) -> str:
        key = ", key=idempotency_key" if _is_keyed(one) else ""
        body = ", body=body" if one.body else ""
        return f"{key}{body}{self._query(one, ', query=')}{'' if key else self._headers(one)}"

    def _answer(self, content: Mapping[str, Schema]) -> str:
        return self._models.type_of(content["application/json"]["schema"], is_answer=True)

    def _stream(self, one: Operation) -> str:
        """What is followed is read for its address, which is at the path above or at one of its own."""
        thing = one.path.removesuffix("/events")
        read = self._reads.get(f"{one.path}/address") or self._reads[thing]
        ids = [argument["name"] for argument in one.placed("path")]
        last = {"run_id": '"progress"', "bulk_id": '"bulk"'}.get(ids[-1] if ids else "", "None")
        events = one.answers[200][_EVENTS]["x-events"]
        kinds = {
            name: self._models.of_name(name_in(data), is_answer=True)
            for name, data in events.items()
            if name != _ACCESS_ENDED
        }
        models = "{" + ", ".join(f'"{name}": {kind}' for name, kind in kinds.items()) + "}"
        returns = f"AsyncIterator[Event[{' | '.join(kinds.values())}]]"
        address = self._models.type_of(read.answers[200]["application/json"]["schema"], is_answer=True)
        asked = f"lambda: self._calls.read({self._path(read)}, {{200: {address}}})"
        return self._method(
            one, returns, f"return follow(self._calls, {asked}, {models}, last={last})", is_async=False
        )

    def _method(self, one: Operation, returns: str, call: str, *, is_async: bool = True) -> str:
        word = "async def" if is_async else "def"
        return (
            f"    {word} {one.name}({', '.join(self._arguments(one))}) -> {returns}:\n"
            f'        """`{one.method} {one.path}`.\n\n{one.about}\n        """\n        {call}\n'
        )

    def _arguments(self, one: Operation) -> Iterator[str]:
        yield "self"
        order = {name: place for place, name in enumerate(re.findall(r"{(\w+)}", one.path))}
        for parameter in sorted(one.placed("path"), key=lambda parameter: order[parameter["name"]]):
            yield f"{parameter['name']}: {'str' if parameter['name'] == 'token' else 'UUID | str'}"
        if one.body:
            kinds = [
                "Csv"
                if medium == "text/csv"
                else self._models.of_name(name_in(body["schema"]), is_answer=False)
                for medium, body in one.body.items()
            ]
            yield f"body: {' | '.join(kinds)}"
        named = [*one.placed("query"), *one.placed("header")]
        if named:
            yield "*"
        for parameter in named:
            kind = self._models.type_of(parameter["schema"], is_answer=False)
            yield f"{_python_name(parameter)}: {kind.removesuffix(' | None')} | None = None"

    def _path(self, one: Operation) -> str:
        ids = [parameter["name"] for parameter in one.placed("path")]
        if not ids:
            return f'"{one.path}"'
        return f'path_of("{one.path}", {", ".join(f"{name}={name}" for name in ids)})'

    def _query(self, one: Operation, before: str) -> str:
        given = ", ".join(f'"{p["name"]}": {_python_name(p)}' for p in one.placed("query"))
        return f"{before}{{{given}}}" if given else ""

    def _headers(self, one: Operation) -> str:
        given = ", ".join(f'"{p["name"]}": {_python_name(p)}' for p in one.placed("header"))
        return f", headers={{{given}}}" if given else ""


def _is_keyed(one: Operation) -> bool:
    return any(parameter["name"] == _KEY for parameter in one.parameters)


def _python_name(parameter: Schema) -> str:
    name = str(parameter["name"]).lower().replace("-", "_")
    return f"{name}_" if iskeyword(name) else name
