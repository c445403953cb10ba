"""Every operation of the API's document has a method, which asks for what the document says and reads what it answers."""

import inspect
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, get_type_hints
from uuid import uuid4

import httpx
import pytest
from oslira_client import Oslira, Pages, Retries
from oslira_tools.client_writer.__main__ import sources
from pydantic import BaseModel
from repository import OPENAPI

DOCUMENT: dict[str, Any] = json.loads(OPENAPI.read_text(encoding="utf-8"))
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
OPERATIONS = {
    f"{method.upper()} {path}": described
    for path, item in DOCUMENT["paths"].items()
    for method, described in item.items()
    if method in {"get", "post", "put", "patch", "delete"}
}


def sample(schema: dict[str, Any]) -> Any:
    """Something that fits a schema of the document."""
    if "$ref" in schema:
        return sample(SCHEMAS[schema["$ref"].rpartition("/")[2]])
    for choice in ("oneOf", "anyOf"):
        if choice in schema:
            return sample(schema[choice][0])
    if "enum" in schema or "const" in schema:
        return schema.get("const") or schema["enum"][0]
    if "properties" in schema:
        return {name: sample(kind) for name, kind in schema["properties"].items()}
    if schema.get("type") == "array":
        return [sample(schema["items"])] if schema.get("items") else []
    formats = {"uuid": str(uuid4()), "date-time": "2026-11-22T02:00:00Z"}
    plain = {"string": formats.get(schema.get("format", ""), "abc"), "boolean": True, "object": {}}
    return plain.get(schema.get("type", ""), schema.get("minimum", 1))


def answer_to(request: httpx.Request) -> httpx.Response:
    """What the document says that this request is answered."""
    for name, described in OPERATIONS.items():
        method, path = name.split(" ")
        if request.method == method and re.fullmatch(re.sub(r"{\w+}", "[^/]+", path), request.url.path):
            status = next(status for status in described["responses"] if status.startswith("2"))
            content = described["responses"][status].get("content") or {}
            if "application/json" in content:
                return httpx.Response(int(status), json=sample(content["application/json"]["schema"]))
            return httpx.Response(int(status), content=b"" if status == "204" else b"a,b\n")
    raise AssertionError(f"no operation of the document: {request.method} {request.url.path}")


def methods_of(client: Oslira) -> Iterator[tuple[str, Callable[..., Any]]]:
    for part in vars(client).values():
        if type(part).__module__.startswith("oslira_client.generated."):
            for name, method in inspect.getmembers(part, inspect.ismethod):
                if not name.startswith("_"):
                    about = re.match(r"`(\w+ \S+)`\.", inspect.getdoc(method) or "")
                    assert about, f"{name} doesn't say which operation it is"
                    yield about.group(1), method


def arguments_of(method: Callable[..., Any]) -> dict[str, Any]:
    """A value for every argument that has to be given."""
    given: dict[str, Any] = {}
    hints = get_type_hints(method)
    for name, parameter in inspect.signature(method).parameters.items():
        if name == "body":
            models = [
                one for one in getattr(hints[name], "__args__", (hints[name],)) if issubclass(one, BaseModel)
            ]
            given[name] = models[0].model_validate(sample(SCHEMAS[models[0].__name__]))
        elif parameter.default is inspect.Parameter.empty:
            given[name] = str(uuid4())
    return given


def test_there_is_a_method_for_every_operation() -> None:
    assert sorted(name for name, _ in methods_of(Oslira("http://api"))) == sorted(OPERATIONS)


@pytest.mark.parametrize("name", sorted(OPERATIONS))
async def test_it_asks_for_what_the_document_says_and_reads_what_it_answers(name: str) -> None:
    asked: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        # The address of a stream, as it is in the sample.
        return httpx.Response(204) if request.url.path == "/abc" else answer_to(request)

    async with Oslira(
        "http://api", "token", transport=httpx.MockTransport(handle), retries=Retries(0)
    ) as client:
        method = dict(methods_of(client))[name]
        answered = method(**arguments_of(method))
        if isinstance(answered, Pages):
            assert len((await answered.first()).items) == 1
        elif isinstance(answered, AsyncIterator):
            # A stream begins with what it follows, which in the sample has ended; an account never does.
            assert [one async for one in answered] or name == "GET /v1/events"
        else:
            read = await answered
            assert read is None or isinstance(read, BaseModel)
    verb, path = name.split(" ")
    wanted = re.sub(r"{\w+}", "[^/]+", path)
    if "text/event-stream" in str(OPERATIONS[name]["responses"]):
        wanted = wanted.removesuffix("/events") + "(/events)?(/address)?"
    assert any(one.method == verb and re.fullmatch(wanted, one.url.path) for one in asked)
    assert all(one.headers["authorization"] == "Bearer token" for one in asked)


def test_what_is_generated_is_what_the_document_makes() -> None:
    """Its names at least; `make check` compares the files."""
    directory = Path(inspect.getfile(Oslira)).parent / "generated"
    assert {path.name for path in directory.glob("*.py")} == sources(DOCUMENT).keys()
