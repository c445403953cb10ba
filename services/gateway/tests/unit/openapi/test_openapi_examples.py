"""The document has examples of requests and answers, and they match its schemas."""

import csv
import json
from collections.abc import Iterator
from dataclasses import fields
from typing import Any, NamedTuple

import pytest
import pytest_asyncio
from jsonschema_rs import Draft202012Validator
from oslira_gateway.bulk.read_csv import read_csv
from oslira_gateway.credits.transaction import Transaction
from oslira_gateway.describe import describe
from oslira_gateway.http.openapi.examples import add_examples, written_examples
from oslira_gateway.leads.csv_rows import HEADER, header_line


class Place(NamedTuple):
    """One media type of one operation: its body's, or a successful answer's."""

    operation: str
    what: str
    media_type: str
    content: dict[str, Any]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def document() -> dict[str, Any]:
    return await describe()


def places(document: dict[str, Any]) -> Iterator[Place]:
    for item in document["paths"].values():
        for operation in item.values():
            name, parts = operation["operationId"], {"body": operation.get("requestBody", {})}
            parts |= {status: one for status, one in operation["responses"].items() if status[0] == "2"}
            for what, part in parts.items():
                for media_type, content in (part.get("content") or {}).items():
                    yield Place(name, what, media_type, content)


def examples(document: dict[str, Any]) -> list[tuple[Place, Any]]:
    return [(place, place.content["example"]) for place in places(document) if "example" in place.content]


def faults(document: dict[str, Any], schema: dict[str, Any], value: Any) -> list[str]:
    """Where it isn't what the schema says. A key that the schema doesn't name is one: answers may grow, examples can't lie."""
    whole = {**schema, "components": closed(document["components"])}
    validator = Draft202012Validator(whole, validate_formats=True)
    return [f"{fault.instance_path}: {fault.message}" for fault in validator.iter_errors(value)]


def closed(node: Any) -> Any:
    if isinstance(node, list):
        return [closed(one) for one in node]
    if isinstance(node, dict):
        strict = {"additionalProperties": False} if isinstance(node.get("properties"), dict) else {}
        return strict | {name: closed(value) for name, value in node.items()}
    return node


def test_every_body_and_every_successful_answer_has_an_example(document: dict[str, Any]) -> None:
    found = list(places(document))
    assert len([place for place in found if place.what != "body"]) >= 62
    assert [place[:3] for place in found if "example" not in place.content] == []


def test_every_example_is_what_its_schema_says(document: dict[str, Any]) -> None:
    wrong = {
        place[:3]: found
        for place, example in examples(document)
        if (found := faults(document, place.content["schema"], example))
    }
    assert wrong == {}


@pytest.mark.parametrize(
    "change", [{"run_id": "7"}, {"created_at": "today"}, {"status": "done"}, {"more": 1}]
)
def test_an_example_that_is_wrong_is_found(document: dict[str, Any], change: dict[str, Any]) -> None:
    shown = written_examples()["schemas"]["Run"]
    schema = {"$ref": "#/components/schemas/Run"}
    assert faults(document, schema, shown) == []
    assert faults(document, schema, shown | change)


def test_a_runs_result_is_one_that_analysis_may_give(document: dict[str, Any]) -> None:
    result = written_examples()["schemas"]["Run"]["result"]
    assert faults(document, {"$ref": "#/components/schemas/AnalysisResult"}, result) == []


def test_no_example_is_left_unused(document: dict[str, Any]) -> None:
    shown = examples(document)
    pages = [example for _, example in shown if isinstance(example, dict) and "next_cursor" in example]
    items = [item for page in pages for item in page["items"]]
    texts = {json.dumps(value, sort_keys=True) for value in (*(example for _, example in shown), *items)}
    unused = [
        f"{kind}: {name}"
        for kind, written in written_examples().items()
        for name, value in written.items()
        if json.dumps(value, sort_keys=True) not in texts
    ]
    assert unused == []
    unknown = written_examples()["schemas"].keys() - document["components"]["schemas"].keys()
    named = {(place.operation, place.what == "body") for place, _ in shown}
    assert unknown == set()
    assert {(name, True) for name in written_examples()["bodies"]} <= named
    assert {(name, False) for name in written_examples()["answers"]} <= named


def test_a_stream_shows_the_data_of_an_event(document: dict[str, Any]) -> None:
    shown = {
        place.operation: example
        for place, example in examples(document)
        if place.media_type == "text/event-stream"
    }
    schemas = written_examples()["schemas"]
    assert shown == {
        "followRun": schemas["Run"],
        "followBulk": schemas["RunSummary"],
        "followAccount": schemas["RunSummary"],
    }


def test_csv_examples_are_as_we_write_and_read_them(document: dict[str, Any]) -> None:
    shown = [(place, example) for place, example in examples(document) if place.media_type == "text/csv"]
    (answer,) = [example for _, example in shown if example.startswith(header_line())]
    (statement,) = [example for _, example in shown if "transaction_id" in example]
    assert {len(row) for row in csv.reader(statement.splitlines())} == {len(fields(Transaction))}
    assert {len(row) for row in csv.reader(answer.splitlines())} == {len(HEADER)}
    for body in [example for place, example in shown if place.what == "body"]:
        names = read_csv(body.encode())
        assert names.names
        assert names.rejected == []


def test_a_list_shows_one_of_its_items() -> None:
    item = {"$ref": "#/components/schemas/Quote"}
    content = {"schema": {"type": "array", "items": item}}
    answer = {"responses": {"200": {"content": {"application/json": content}}}, "operationId": "List"}
    add_examples({"paths": {"/": {"get": answer}}, "components": {"schemas": {"Quote": {}}}})
    assert content["example"] == [written_examples()["schemas"]["Quote"]]


def test_names_and_addresses_in_examples_are_invented() -> None:
    text = json.dumps(written_examples())
    hosts = {part.split("/")[0] for part in text.replace("\\", "/").split("https://")[1:]}
    assert {host for host in hosts if not host.endswith(".example")} == {"www.instagram.com"}
    assert "natgeo" not in text
