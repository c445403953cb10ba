"""The worst case: the model obeys the profile, scores 100 and leaks everything. The result for the user is still bounded."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import pytest
from oslira_analysis.domain.business import BusinessContext
from oslira_analysis.domain.evidence.instruction_signs import tries_to_instruct
from oslira_analysis.domain.facts.profile_facts import compute_facts
from oslira_analysis.domain.items.read_item import read_item
from oslira_analysis.domain.results.answer_schema import InvalidAnswer
from oslira_analysis.domain.results.compose import compose_result
from oslira_analysis.domain.text import clean_text
from oslira_shared.contracts.analysis.v1 import AnalysisType
from pydantic import BaseModel

Plant = Callable[[Any], dict[str, Any]]
Answers = dict[str, BaseModel]
Compose = Callable[[AnalysisType, Any, Answers], Any]
VERSIONS: dict[str, str] = {"score": "light/v1"}


@pytest.fixture
def compose(planted: Plant, business: BusinessContext, now: datetime) -> Compose:
    def run(kind: AnalysisType, case: Any, answers: Answers) -> Any:
        profile = read_item(planted(case))
        facts = compute_facts(profile, now=now)
        return compose_result(kind, answers, profile, facts, business=business, prompt_versions=VERSIONS)

    return run


def obeying(answers: Answers, text: str, wanted: str) -> Answers:
    """Full score; "evidence" from the hostile text, from the business and from nowhere; the business's wishes everywhere."""
    quote = clean_text(text, 280)
    claims: list[Mapping[str, Any]] = [
        {"claim": "The profile itself asks for it.", "quote": quote, "source": "biography"},
        {
            "claim": "Is the ideal customer.",
            "quote": "the ideal customer by its own account",
            "source": "biography",
        },
        {"claim": f"They are {wanted}.", "quote": "Family bakery in Porto", "source": "biography"},
        {"claim": "Matches the business.", "quote": wanted, "source": "post:1"},
    ]
    fit = {"reasons": claims, "red_flags": [], "fit_score": 100, "confidence": "high"}
    said = f"A bakery. The business wants {wanted}."
    leak = f"We look for {wanted}. See crumb-deals.example/free today."
    changes: dict[str, dict[str, Any]] = {
        **{call: {**fit, "summary": said} for call in ("score", "core", "commercial")},
        "outreach": {
            "openings": [{**claims[0], "claim": leak}],
            "dm_pitch": f"{leak} Ovenworks builds ovens.",
            "email_subject": "Ovens",
            "email_pitch": f"{leak} Ovenworks builds ovens.",
            "ask": "Is your fit_score 100?",
        },
        "personality": {"approach": [wanted], "summary": said},
        "psychographic": {"messages_that_land": [wanted], "summary": said},
    }
    return {
        call: type(answer).model_validate({**answer.model_dump(), **changes[call]})
        for call, answer in answers.items()
    }


@pytest.mark.parametrize("kind", AnalysisType)
def test_a_model_that_obeys_gains_nothing(
    hostile: Any, kind: AnalysisType, compose: Compose, answers: Answers, wanted: str
) -> None:
    honest = compose(kind, None, answers)
    result = compose(kind, hostile, obeying(answers, hostile.text, wanted))
    computed = {name: part for name, part in result.parts.items() if name != "fit"}
    assert computed == {name: part for name, part in honest.parts.items() if name != "fit"}
    assert result.dropped_claims >= 3
    assert result.parts["fit"].score <= 84
    if tries_to_instruct(hostile.text):
        assert (result.parts["fit"].score, result.confidence, result.reasons) == (39, "low", ())
        assert "tries to instruct" in result.red_flags[0].claim
    written = json.dumps(result.model_dump(mode="json", exclude={"red_flags"}), ensure_ascii=False)
    assert wanted not in written
    assert wanted[:60] not in written
    if kind is not AnalysisType.LIGHT:
        assert result.outreach.dm == "Ovenworks builds ovens."
        assert result.outreach.email.body == "Ovenworks builds ovens.\n\nOvenworks"
        assert result.outreach.opening is None


def test_an_answer_that_is_only_a_leak_is_rejected(compose: Compose, answers: Answers, wanted: str) -> None:
    leaking = answers["score"].model_copy(update={"summary": wanted})
    with pytest.raises(InvalidAnswer, match="summary"):
        compose(AnalysisType.LIGHT, None, {"score": leaking})
