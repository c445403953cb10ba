"""The HTTP API as its document's examples: every operation answers with its own. For pages, which are tests of the document too."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import httpx

_DOCUMENT: Final = Path(__file__).parents[4] / "docs" / "generated" / "openapi.json"
_METHODS: Final = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation, and its first successful answer."""

    operation_id: str
    method: str
    path: re.Pattern[str]
    status: int
    media_type: str
    example: Any


@cache
def operations() -> list[Operation]:
    """All of the document's. Paths without parameters come first: /v1/runs/x must not hide /v1/leads/export.csv."""
    found: list[Operation] = []
    for path, methods in json.loads(_DOCUMENT.read_text())["paths"].items():
        found += [_operation(path, method, methods[method]) for method in _METHODS if method in methods]
    return sorted(found, key=lambda one: "[^/]+" in one.path.pattern)


def _operation(path: str, method: str, said: Any) -> Operation:
    status = min(int(code) for code in said["responses"] if code.startswith("2"))
    content = said["responses"][str(status)].get("content", {})
    media_type, body = next(iter(content.items()), ("", {}))
    example = body.get("example", next(iter(body.get("examples", {}).values()), {}).get("value"))
    pattern = re.compile(re.sub(r"\\\{[a-z_]+\\\}|\{[a-z_]+\}", "[^/]+", re.escape(path)) + "$")
    return Operation(said["operationId"], method.upper(), pattern, status, media_type, example)


@dataclass
class ExampleApi(httpx.AsyncBaseTransport):
    """`refuse` answers an operation otherwise; `change` changes each example before it is sent."""

    refuse: dict[str, httpx.Response] = field(default_factory=dict[str, httpx.Response])
    answers: dict[str, Any] = field(default_factory=dict[str, Any])
    change: Callable[[Any], Any] = lambda body: body
    asked: list[tuple[str, httpx.Request]] = field(default_factory=list[tuple[str, httpx.Request]])

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        for one in operations():
            if one.method == request.method and one.path.match(request.url.path):
                self.asked.append((one.operation_id, request))
                return self._answer(one)
        raise AssertionError(f"the API has no {request.method} {request.url.path}")

    def _answer(self, one: Operation) -> httpx.Response:
        if one.operation_id in self.refuse:
            return self.refuse[one.operation_id]
        body = self.answers.get(one.operation_id, one.example)
        if body is None:
            return httpx.Response(one.status)
        if one.media_type == "application/json":
            return httpx.Response(one.status, json=self.change(body))
        return httpx.Response(one.status, text=str(body), headers={"content-type": one.media_type})


def problem(status: int, code: str) -> httpx.Response:
    """A problem answer of the API."""
    return httpx.Response(status, json={"status": status, "code": code, "detail": "No."})
