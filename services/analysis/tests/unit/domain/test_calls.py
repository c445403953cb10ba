"""The table of model calls."""

import json

import pytest
from genai_prices import Usage, calc_price
from oslira_analysis.domain.answer_schema import (
    InvalidAnswer,
    json_schema_strict,
    read_answer,
    without_bounds,
)
from oslira_analysis.domain.business import BusinessContext
from oslira_analysis.domain.calls import (
    CALLS,
    FALLBACK_PROVIDER,
    INPUT_TOKENS,
    PROVIDER,
    SCORE,
    Call,
    calls_of,
    worst_case_nano_usd,
)
from oslira_analysis.domain.prompt import render_business
from oslira_analysis.domain.prompt_profile import MAX_PROFILE_TOKENS
from oslira_analysis.domain.token_estimate import estimate_tokens
from oslira_analysis.prompts import load_instructions
from oslira_shared.contracts.analysis.v1 import AnalysisType
from pydantic import BaseModel

EVERY_CALL = sorted({call for calls in CALLS.values() for call in calls}, key=lambda call: call.name)
LABELS = {
    "confidence",
    "language",
    "style",
    "formality",
    "decision_style",
    "business_model",
    "stage",
    "budget",
    "decides",
}
every_call = pytest.mark.parametrize("call", EVERY_CALL, ids=lambda call: call.name)


def test_each_type_has_its_calls() -> None:
    assert {kind.value: {call.name: call.model for call in calls_of(kind)} for kind in AnalysisType} == {
        "light": {"score": "gpt-4o-mini"},
        "deep": {"core": "gpt-5-mini", "outreach": "gpt-5-mini", "personality": "gpt-5-mini"},
        "xray": {
            "psychographic": "gpt-5",
            "commercial": "gpt-5-mini",
            "outreach": "gpt-5-mini",
            "personality": "gpt-5-mini",
        },
    }


@every_call
def test_a_call_answers_by_a_schema_that_both_providers_take(call: Call) -> None:
    schema = json_schema_strict(call.answer)
    assert schema["additionalProperties"] is False
    assert set(schema["required"]) == set(schema["properties"])
    assert "'maxItems':" not in str(without_bounds(schema))


@every_call
def test_what_a_model_shows_comes_before_what_it_concludes(call: Call) -> None:
    fields = list(json_schema_strict(call.answer)["properties"])
    conclusions = [name for name in ("summary", "fit_score") if name in fields]
    for name in ("needs", "buying_signals", "reasons", "traits", "motivations"):
        assert all(fields.index(name) < fields.index(last) for last in conclusions if name in fields)


@every_call
def test_both_models_have_a_price(call: Call) -> None:
    for provider, model in ((PROVIDER, call.model), (FALLBACK_PROVIDER, call.fallback_model)):
        usage = Usage(input_tokens=1_000, output_tokens=1_000)
        assert calc_price(usage, model_ref=model, provider_id=provider).total_price > 0


@every_call
@pytest.mark.parametrize("character", ["a", "漢", "🥐"])
def test_no_prompt_is_longer_than_its_price_assumes(call: Call, character: str) -> None:
    long, phrases = character * 3_000, [character * 300] * 20
    wanted = dict.fromkeys(("description", "industry", "location", "company_size"), long)
    texts = dict.fromkeys(("name", "industry", "offer", "description", "tone", "language"), long)
    business = BusinessContext.from_dict(
        {**texts, "ideal_customer": {**wanted, "signals": phrases, "exclusions": phrases}}
    )
    system = f"{load_instructions(call.task).text}{render_business(business)}"
    schema = str(json_schema_strict(call.answer))
    assert estimate_tokens(system) + estimate_tokens(schema) + MAX_PROFILE_TOKENS + 200 <= INPUT_TOKENS


def test_the_worst_case_pays_twice_at_each_provider() -> None:
    asked: list[tuple[str, str, int, int]] = []

    def price(
        provider: str, model: str, /, *, input_tokens: int, cached_tokens: int, output_tokens: int
    ) -> int:
        assert cached_tokens == 0
        asked.append((provider, model, input_tokens, output_tokens))
        return 5

    assert worst_case_nano_usd(calls_of(AnalysisType.LIGHT), price) == 20
    assert asked == [
        ("openai", "gpt-4o-mini", INPUT_TOKENS, SCORE.output_tokens),
        ("anthropic", "claude-haiku-5-5", INPUT_TOKENS, SCORE.output_tokens),
    ]


@every_call
def test_an_empty_text_is_noticed_while_the_model_can_still_be_asked(
    call: Call, answers: dict[str, BaseModel]
) -> None:
    sound = answers[call.name].model_dump(mode="json")
    texts = [name for name, value in sound.items() if isinstance(value, str) and name not in LABELS]
    assert texts
    for name in texts:
        with pytest.raises(InvalidAnswer, match=f"{name}: string_too_short"):
            read_answer(call.answer, json.dumps({**sound, name: ""}))
