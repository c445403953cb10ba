"""The table of model calls."""

import json
from dataclasses import replace

import pytest
from oslira_analysis.domain.business import BusinessContext
from oslira_analysis.domain.models.calls import (
    CALLS,
    INPUT_TOKENS,
    SCORE,
    Call,
    calls_of,
    usual_case_nano_usd,
    worst_case_nano_usd,
)
from oslira_analysis.domain.models.model_table import ROLES, ModelTable
from oslira_analysis.domain.prompts.prompt import render_business
from oslira_analysis.domain.prompts.prompt_profile import MAX_PROFILE_TOKENS
from oslira_analysis.domain.prompts.token_estimate import estimate_tokens
from oslira_analysis.domain.results.answer_schema import (
    InvalidAnswer,
    json_schema_strict,
    read_answer,
    without_bounds,
)
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
    assert {
        kind.value: {call.name: ROLES[call.role].model for call in calls_of(kind)} for kind in AnalysisType
    } == {
        "light": {"score": "gpt-6-luna"},
        "deep": {"core": "gpt-6.1-terra", "outreach": "gpt-6.1-terra", "personality": "gpt-6.1-terra"},
        "xray": {
            "psychographic": "gpt-6.1-sol",
            "commercial": "gpt-6.1-terra",
            "outreach": "gpt-6.1-terra",
            "personality": "gpt-6.1-terra",
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


class Priced:
    """A price that remembers what it was asked, and is higher for some models."""

    def __init__(self, **nano_usd: int) -> None:
        self.nano_usd = nano_usd
        self.asked: list[tuple[str, str, int, int, int]] = []

    def __call__(
        self,
        provider: str,
        model: str,
        /,
        *,
        input_tokens: int,
        cached_tokens: int,
        output_tokens: int,
        cache_write_tokens: int = 0,
    ) -> int:
        assert cached_tokens == 0
        self.asked.append((provider, model, input_tokens, output_tokens, cache_write_tokens))
        return self.nano_usd.get(model.replace("-", "_"), 5)


def test_the_worst_case_pays_twice_at_each_provider_and_writes_the_whole_prompt_to_the_cache() -> None:
    price = Priced()
    assert worst_case_nano_usd(calls_of(AnalysisType.LIGHT), ModelTable(), price) == 20
    # Claude's tokenizer makes more tokens of the same text.
    theirs = INPUT_TOKENS * 130 // 100
    assert price.asked == [
        ("openai", "gpt-6-luna", INPUT_TOKENS, 1_500, INPUT_TOKENS),
        ("anthropic", "claude-haiku-5-5", theirs, 1_950, theirs),
    ]


def test_the_worst_case_holds_when_a_successor_is_more_expensive() -> None:
    table = ModelTable({**ROLES, "light": replace(ROLES["light"], model="gpt-4o-mini")})
    assert worst_case_nano_usd([SCORE], table, Priced(gpt_6_luna=7)) == 2 * 7 + 2 * 5
    assert worst_case_nano_usd([SCORE], table, Priced(gpt_4o_mini=9)) == 2 * 9 + 2 * 5


def test_a_usual_run_pays_once_for_a_quarter_of_the_longest_prompt_and_answer() -> None:
    assert usual_case_nano_usd([SCORE], ModelTable(), Priced(gpt_6_luna=40, claude_haiku_5_5=1_000)) == 10


def test_reasoning_is_in_the_worst_case() -> None:
    price = Priced()
    worst_case_nano_usd(
        [call for call in calls_of(AnalysisType.DEEP) if call.name == "core"], ModelTable(), price
    )
    assert [output for _, _, _, output, _ in price.asked] == [8_000, 10_400]


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
