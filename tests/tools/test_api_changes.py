"""Each way to break a caller is found, and nothing else is called one."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from oslira_tools.api_changes import breaking_changes

ITEM: dict[str, Any] = {
    "type": "object",
    "required": ["name", "kind"],
    "properties": {
        "name": {"type": "string", "maxLength": 10},
        "kind": {"type": "string", "enum": ["a", "b"]},
        "note": {"oneOf": [{"type": "string"}, {"type": "null"}]},
        "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Item"}},
    },
}
ANSWER: dict[str, Any] = copy.deepcopy(ITEM)
ANSWER["properties"]["parts"]["items"] = {"$ref": "#/components/schemas/Answer"}
DOCUMENT: dict[str, Any] = {
    "paths": {
        "/things": {
            "post": {
                "parameters": [{"name": "q", "in": "query", "required": False, "schema": {"type": "string"}}],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Item"}}},
                },
                "responses": {
                    "200": {
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Answer"}}}
                    },
                    "404": {"content": {}},
                },
            }
        }
    },
    "components": {"schemas": {"Item": ITEM, "Answer": ANSWER}},
}


@dataclass(frozen=True, slots=True)
class Places:
    """Where a new document may differ."""

    post: dict[str, Any]
    item: dict[str, Any]
    answer: dict[str, Any]


Change = Callable[[Places], object]
BREAKING: list[tuple[Change, str]] = [
    (lambda at: at.post["responses"].pop("200"), "answer 200 is gone"),
    (lambda at: at.post["parameters"].pop(), "parameter q is gone"),
    (lambda at: at.post["parameters"][0].update(required=True), "q is required now"),
    (lambda at: at.item["properties"].pop("note"), "note is gone"),
    (lambda at: at.item["required"].append("note"), "note is required now"),
    (lambda at: at.item["properties"]["name"].update(maxLength=5), "maxLength is 5 now"),
    (lambda at: at.item["properties"]["kind"]["enum"].pop(), "has no b any more"),
    (lambda at: at.item["properties"]["note"]["oneOf"].pop(), "takes no null any more"),
    (lambda at: at.answer["properties"].pop("name"), "name is gone"),
    (lambda at: at.answer["required"].remove("name"), "name is not always there"),
    (
        lambda at: at.answer["properties"]["name"].update(type="integer"),
        "was string, is integer",
    ),
]
HARMLESS: list[Change] = [
    lambda at: at.post["parameters"].append({"name": "n", "in": "query", "schema": {}}),
    lambda at: at.item["properties"].update(more={"type": "string"}),
    lambda at: at.item["required"].remove("name"),
    lambda at: at.answer["properties"].update(more={"type": "string"}),
    lambda at: at.post["responses"].pop("404"),
]


def changed(change: Change) -> dict[str, Any]:
    new = copy.deepcopy(DOCUMENT)
    schemas = new["components"]["schemas"]
    change(Places(new["paths"]["/things"]["post"], schemas["Item"], schemas["Answer"]))
    return new


def test_the_same_document_breaks_no_caller() -> None:
    assert breaking_changes(DOCUMENT, DOCUMENT) == []


@pytest.mark.parametrize(("change", "said"), BREAKING)
def test_what_callers_rely_on_is_missed(change: Change, said: str) -> None:
    found = breaking_changes(DOCUMENT, changed(change))
    assert len(found) == 1
    assert said in found[0]


@pytest.mark.parametrize("change", HARMLESS)
def test_what_callers_do_not_rely_on_may_change(change: Change) -> None:
    assert breaking_changes(DOCUMENT, changed(change)) == []


def test_a_path_or_a_method_that_is_gone_is_missed() -> None:
    assert breaking_changes(DOCUMENT, {**DOCUMENT, "paths": {}}) == ["POST /things is gone"]
