"""Answers fit the schema asked, whatever it is, and quote what the profile says."""

import json
from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from oslira_simulators.answers import answer_for
from oslira_simulators.prompt import NOBODY, shown_profile
from oslira_simulators.strict_schema import strict_schema_problem
from pydantic import BaseModel, Field

from .conftest import LIGHT_SCHEMA, PROFILE, prompt_about, quotable


class Tone(StrEnum):
    WARM = "warm"
    COOL = "cool"


class Claim(BaseModel):
    claim: Annotated[str, Field(min_length=10, max_length=60)]
    quote: Annotated[str, Field(min_length=3, max_length=120)]
    source: Annotated[str, Field(pattern=r"^(biography|post:\d+)$")]


class Cited(BaseModel):
    quote: str
    source: Literal["biography", "caption", "category"]


class Email(BaseModel):
    kind: Literal["email"]
    subject: str


class Message(BaseModel):
    kind: Literal["message"]
    opening: str


class Node(BaseModel):
    label: str
    children: "list[Node]"
    parent: "Node | None"


class Everything(BaseModel):
    score: Annotated[int, Field(ge=0, le=100)]
    odd: Annotated[int, Field(gt=10, lt=14)]
    step: Annotated[int, Field(ge=5, le=50, multiple_of=5)]
    share: Annotated[float, Field(ge=0, le=1)]
    tiny: Annotated[float, Field(gt=0.001, lt=0.002)]
    tone: Tone
    fixed: Literal["yes"]
    is_sure: bool
    maybe: str | None
    claims: Annotated[list[Claim], Field(min_length=4, max_length=5)]
    cited: list[Cited]
    tones: Annotated[list[Tone], Field(min_length=2)]
    outreach: Email | Message
    tree: Node
    day: Annotated[str, Field(json_schema_extra={"format": "date"})]
    language: Annotated[str, Field(pattern="^[a-z]{2}$")]


@pytest.mark.parametrize("username", [f"name{number}" for number in range(20)])
def test_an_answer_is_valid_for_a_schema_with_everything(username: str) -> None:
    profile = shown_profile(prompt_about(PROFILE | {"username": username}))
    answer = Everything.model_validate_json(json.dumps(answer_for(Everything.model_json_schema(), profile)))
    texts = quotable(PROFILE)
    assert all(claim.quote in texts[claim.source] for claim in answer.claims)
    captions = [texts["post:1"], texts["post:2"]]
    for cited in answer.cited:
        named = [texts["biography"]] if cited.source == "biography" else captions
        assert any(cited.quote in text for text in named)


def test_an_answer_without_a_profile_is_valid_too() -> None:
    assert shown_profile("Nothing here") == NOBODY
    Everything.model_validate(answer_for(Everything.model_json_schema(), NOBODY))


def test_scores_depend_on_the_name_alone() -> None:
    luna, same, other = (
        shown_profile(prompt_about(profile))
        for profile in (PROFILE, {"username": "luna.bakes"}, PROFILE | {"username": "other"})
    )
    score = answer_for(LIGHT_SCHEMA, luna)["fit_score"]
    assert score == answer_for(LIGHT_SCHEMA, luna)["fit_score"] == answer_for(LIGHT_SCHEMA, same)["fit_score"]
    assert score != answer_for(LIGHT_SCHEMA, other)["fit_score"]


def test_quotes_are_short_exact_and_from_where_they_say() -> None:
    for number in range(50):
        profile = shown_profile(prompt_about(PROFILE | {"username": f"name{number}"}))
        for reason in answer_for(LIGHT_SCHEMA, profile)["reasons"]:
            assert reason["quote"] in quotable(PROFILE)[reason["source"]]
            assert 3 <= len(reason["quote"]) <= 120
            assert len(reason["quote"].split()) <= 12


def test_the_profile_is_the_last_block_and_mentions_of_the_tag_are_not_one() -> None:
    prompt = "The profile stands between\n<profile_data id=…>\nand\n</profile_data id=…>.\n" + prompt_about(
        PROFILE
    )
    assert shown_profile(prompt).username == "luna.bakes"
    assert shown_profile(prompt_about({"biography": "a < b and c"})).passages[0].text == "a < b and c"


def test_a_pattern_it_cannot_serve_is_an_error_not_an_invalid_answer() -> None:
    with pytest.raises(ValueError, match="pattern"):
        answer_for({"type": "string", "pattern": "^zz[0-9]{9}$"}, NOBODY)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"additionalProperties": True}, "additionalProperties"),
        ({"required": ["summary"]}, "required"),
        ({"allOf": []}, "allOf"),
        ({"type": "array"}, "object"),
    ],
)
def test_strict_mode_refuses_what_the_api_refuses(change: dict[str, Any], problem: str) -> None:
    assert strict_schema_problem(LIGHT_SCHEMA) is None
    assert problem in (strict_schema_problem(LIGHT_SCHEMA | change) or "")
