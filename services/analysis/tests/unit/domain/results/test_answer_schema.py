import json
from typing import Annotated, Any, Literal

import pytest
from oslira_analysis.domain.results.answer_schema import (
    InvalidAnswer,
    UnsupportedSchema,
    json_schema_strict,
    read_answer,
    without_bounds,
)
from oslira_analysis.domain.results.light import LightAnswer
from pydantic import BaseModel, Field


class Inner(BaseModel):
    """For us, not for the model."""

    name: Annotated[str, Field(max_length=5)] = "x"
    kind: Literal["a", "b"]


class Outer(BaseModel):
    one: Annotated[Inner, Field(description="The one.")]
    many: Annotated[list[Inner], Field(json_schema_extra={"maxItems": 3})]
    maybe: Annotated[int, Field(ge=1, le=9)] | None = None


def every_schema(node: Any) -> list[dict[str, Any]]:
    parts = list(node.values()) if isinstance(node, dict) else node if isinstance(node, list) else []
    here = [node] if isinstance(node, dict) and ("type" in node or "anyOf" in node) else []
    return [*here, *(schema for part in parts for schema in every_schema(part))]


@pytest.mark.parametrize("model", [Outer, LightAnswer])
def test_strict_schemas_require_all_fields_and_use_known_keywords(model: type[BaseModel]) -> None:
    allowed = {
        "type", "properties", "items", "enum", "anyOf", "description", "required", "additionalProperties",
        "minimum", "maximum", "minItems", "maxItems",
    }  # fmt: skip
    for schema in every_schema(json_schema_strict(model)):
        assert set(schema) <= allowed
        if "properties" in schema:
            assert schema["required"] == list(schema["properties"])
            assert schema["additionalProperties"] is False


def test_references_are_inlined_and_docstrings_removed() -> None:
    schema = json_schema_strict(Outer)
    assert schema["properties"]["one"]["description"] == "The one."
    assert "description" not in schema["properties"]["many"]["items"]
    assert "$defs" not in schema


def test_bounds_move_into_descriptions_for_claude() -> None:
    plain = without_bounds(json_schema_strict(Outer))
    assert plain["properties"]["many"]["description"] == "(maxItems 3)"
    assert plain["properties"]["maybe"]["anyOf"][0] == {
        "type": "integer",
        "description": "(minimum 1, maximum 9)",
    }
    assert not {"minimum", "maximum", "minItems", "maxItems"} & {
        key for s in every_schema(plain) for key in s
    }


def test_a_keyword_that_strict_mode_lacks_is_a_programming_error() -> None:
    class Odd(BaseModel):
        value: Annotated[int, Field(multiple_of=5)]

    with pytest.raises(UnsupportedSchema, match="multipleOf"):
        json_schema_strict(Odd)


def test_an_answer_is_read() -> None:
    assert read_answer(Inner, '{"name": "y", "kind": "a", "more": 1}') == Inner(name="y", kind="a")


VERDICT = '{"name": "y", "kind": "a"}'


@pytest.mark.parametrize(
    "text",
    [
        f"```json\n{VERDICT}\n```",
        f"Here {{it}} is:\n{VERDICT}\nI hope that helps.",
        f"{VERDICT}{VERDICT}",
        f'{{"name": "y", {VERDICT}',
        f'{{"answer": [{VERDICT}]}}',
        json.dumps(VERDICT),
        json.dumps(json.dumps(VERDICT)),
        json.dumps(VERDICT.replace(", ", ",\n")).replace("\\n", "\n"),
        json.dumps({"name": "f", "arguments": VERDICT}),
        json.dumps([{"type": "text", "text": f"```json\n{VERDICT}\n```"}]),
    ],
)
def test_one_valid_answer_is_found_in_what_stands_around_it(text: str) -> None:
    assert read_answer(Inner, text) == Inner(name="y", kind="a")


@pytest.mark.parametrize("written", ["\n", "\t", "\r\n"])
def test_line_breaks_in_a_string_need_no_repair(written: str) -> None:
    class Said(BaseModel):
        text: str

    assert read_answer(Said, f'{{"text": "one{written}two"}}') == Said(text=f"one{written}two")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f'{VERDICT} or {{"kind": "b"}}', "answer: more than one"),
        (f'"unfinished {VERDICT} {{"kind": "b"}}', "answer: more than one"),
        (f'{{"a": {{"b": {{"c": {{"d": {VERDICT}}}}}}}}}', "kind: missing"),
        ("{" * 300 + VERDICT, "answer: json_invalid"),
        (json.dumps(json.dumps(json.dumps(json.dumps(VERDICT)))), "answer: model_type"),
        ('"\ud83d"', "answer: string_unicode"),
    ],
)
def test_a_text_without_exactly_one_valid_answer_is_rejected(text: str, says: str) -> None:
    with pytest.raises(InvalidAnswer, match=says):
        read_answer(Inner, text)


@pytest.mark.parametrize("score", [87, 87.0, "87", "87.0", " 87 "])
def test_a_score_in_another_spelling_is_the_same_score(score: object) -> None:
    answer = {"reasons": [], "red_flags": [], "summary": "x", "fit_score": score, "confidence": "low"}
    assert read_answer(LightAnswer, json.dumps(answer)).fit_score == 87


@pytest.mark.parametrize("score", [True, 87.5, "87.5", "87 %", "1e1", "-1", "101", None])
def test_what_is_no_whole_number_of_the_range_is_no_score(score: object) -> None:
    answer = {"reasons": [], "red_flags": [], "summary": "x", "fit_score": score, "confidence": "low"}
    with pytest.raises(InvalidAnswer, match="fit_score"):
        read_answer(LightAnswer, json.dumps(answer))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "answer: json_invalid"),
        ('{"kind": "a"', "answer: json_invalid"),
        ('{"kind": "secret", "name": 3}', "name: string_type; kind: literal_error"),
        ('"secret"', "answer: model_type"),
    ],
)
def test_an_error_of_an_answer_names_fields_and_never_values(text: str, says: str) -> None:
    with pytest.raises(InvalidAnswer) as invalid:
        read_answer(Inner, text)
    assert str(invalid.value) == says
