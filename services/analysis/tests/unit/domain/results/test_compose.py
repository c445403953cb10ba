from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator
from oslira_analysis.describe_results import describe
from oslira_analysis.domain.business import BusinessContext
from oslira_analysis.domain.facts.profile_facts import ProfileFacts
from oslira_analysis.domain.profile import Profile
from oslira_analysis.domain.results.answer_schema import InvalidAnswer
from oslira_analysis.domain.results.changes import ResultSummary, what_changed
from oslira_analysis.domain.results.claim_filter import ClaimFilter
from oslira_analysis.domain.results.compose import compose_deep, compose_result, compose_xray
from oslira_analysis.domain.results.deep import DeepResult
from oslira_analysis.domain.results.xray import XrayResult
from oslira_shared.contracts.analysis.results import result_schemas
from oslira_shared.contracts.analysis.v1 import AnalysisType
from pydantic import BaseModel

Answers = dict[str, BaseModel]
Compose = Callable[..., Any]
VERSIONS: dict[str, str] = dict.fromkeys(
    ("score", "core", "commercial", "outreach", "personality", "psychographic"), "x/v1"
)


@pytest.fixture
def compose(
    make_profile: Callable[..., Profile],
    make_facts: Callable[..., ProfileFacts],
    make_business: Callable[..., BusinessContext],
    answers: Answers,
) -> Compose:
    def run(kind: AnalysisType, changed: Mapping[str, Mapping[str, Any]] | None = None, **item: Any) -> Any:
        given = {
            call: answer.model_copy(update=dict((changed or {}).get(call, {})))
            for call, answer in answers.items()
        }
        return compose_result(
            kind,
            given,
            make_profile(**item),
            make_facts(**item),
            business=make_business(),
            prompt_versions=VERSIONS,
        )

    return run


@pytest.mark.parametrize("kind", AnalysisType)
def test_every_type_shares_what_readers_of_any_result_need(compose: Compose, kind: AnalysisType) -> None:
    result = compose(kind)
    assert result.type == kind.value
    assert (result.score, result.parts["fit"].score, result.confidence) == (74, 80, "high")
    assert result.summary == "A family bakery. It may need another oven."
    assert (len(result.reasons), result.red_flags, result.dropped_claims) == (2, (), 0)
    assert result.facts.followers == 5_000


def test_a_deep_result_has_needs_messages_and_a_way_to_talk(compose: Compose) -> None:
    result = compose(AnalysisType.DEEP)
    assert [need.quote for need in result.needs] == ["fresh from the oven"]
    assert result.outreach.dm
    assert result.personality.style == "amiable"
    assert result.profile_facts.maturity.stage == "established"
    assert result.prompt_versions == VERSIONS


def test_an_xray_takes_its_fit_from_the_commercial_call(compose: Compose) -> None:
    result = compose(AnalysisType.XRAY, {"commercial": {"fit_score": 50}, "core": {"fit_score": 1}})
    assert result.parts["fit"].score == 50
    assert result.commercial.business_model == "shop"
    assert result.commercial.confidence == "medium"
    assert result.psychographic.decision_style == "relationship"


@pytest.mark.parametrize(
    ("kind", "model"), [(AnalysisType.DEEP, DeepResult), (AnalysisType.XRAY, XrayResult)]
)
def test_a_result_survives_its_json(compose: Compose, kind: AnalysisType, model: type[BaseModel]) -> None:
    result = compose(kind)
    assert model.model_validate_json(result.model_dump_json()) == result
    assert model.model_validate(result.model_dump(mode="json")) == result


@pytest.mark.parametrize("kind", AnalysisType)
def test_a_result_is_what_the_api_says_it_is(compose: Compose, kind: AnalysisType) -> None:
    """As it is kept: with what has changed since the last one, also where nothing is to compare with."""
    schemas = describe()
    document = {"$ref": "#/components/schemas/AnalysisResult", "components": {"schemas": schemas}}
    validator = Draft202012Validator(document)
    result = compose(kind).model_dump(mode="json")
    summary = ResultSummary.of(result, analysed_at=datetime(2026, 1, 1, tzinfo=UTC))
    better = ResultSummary.of({**result, "score": 100}, analysed_at=datetime(2026, 1, 2, tzinfo=UTC))
    for changes in (None, what_changed(summary, better).to_json()):
        assert validator.is_valid({**result, "changes": changes})
    for broken in (
        {**result, "score": None},
        {**result, "type": "other"},
        {**result, "reasons": [{"claim": "x"}]},
    ):
        assert not validator.is_valid(broken)
    assert schemas == result_schemas(), "make openapi"


def test_claims_without_evidence_are_dropped_and_counted_over_all_calls(
    compose: Compose, answers: Answers
) -> None:
    def invented(call: str, field: str) -> dict[str, Any]:
        return {
            field: [
                claim.model_copy(update={"quote": "ten shops in Lisbon"})
                for claim in getattr(answers[call], field)
            ]
        }

    result = compose(
        AnalysisType.XRAY,
        {
            "commercial": invented("commercial", "needs"),
            "psychographic": invented("psychographic", "motivations"),
            "personality": invented("personality", "communication"),
            "outreach": invented("outreach", "openings"),
        },
    )
    assert result.dropped_claims == 1 + 1 + 3 + 1
    assert result.commercial.needs == result.psychographic.motivations == ()
    assert (result.personality.communication, result.personality.confidence) == ((), "low")
    assert result.outreach.opening is None


def test_a_reading_knows_how_well_it_is_supported(compose: Compose) -> None:
    result = compose(AnalysisType.XRAY)
    assert (result.personality.confidence, result.psychographic.confidence) == ("high", "medium")


def test_a_trait_is_named_once(compose: Compose, answers: Answers) -> None:
    trait = answers["personality"].traits[0]  # pyright: ignore[reportAttributeAccessIssue]
    again = trait.model_copy(update={"level": "low"})
    result = compose(AnalysisType.DEEP, {"personality": {"traits": [trait, again]}})
    assert [one.level for one in result.personality.traits] == ["high"]


@pytest.mark.parametrize("kind", AnalysisType)
def test_an_empty_answer_is_invalid(compose: Compose, kind: AnalysisType) -> None:
    empty = {"summary": "\u200b"}
    with pytest.raises(InvalidAnswer, match="summary"):
        compose(kind, {"score": empty, "core": empty, "commercial": empty})


@pytest.mark.parametrize("compose_one", [compose_deep, compose_xray])
def test_answers_of_the_wrong_call_are_a_programming_error(
    make_profile: Callable[..., Profile],
    make_facts: Callable[..., ProfileFacts],
    make_business: Callable[..., BusinessContext],
    answers: Answers,
    compose_one: Compose,
) -> None:
    def run(given: Answers) -> None:
        compose_one(given, make_facts(), ClaimFilter(make_profile(), make_business()), VERSIONS)

    with pytest.raises(TypeError, match="outreach answers by OutreachAnswer, not LightAnswer"):
        run({**answers, "outreach": answers["score"]})
    with pytest.raises(KeyError):
        run({})
