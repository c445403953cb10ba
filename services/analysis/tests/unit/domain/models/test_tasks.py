"""The prompts of the deeper types."""

from collections.abc import Callable
from typing import Any

import pytest
from oslira_analysis.domain.business import BusinessContext
from oslira_analysis.domain.facts.profile_facts import ProfileFacts
from oslira_analysis.domain.models.calls import CALLS, DRAFT, Call, calls_of
from oslira_analysis.domain.profile import Profile
from oslira_analysis.prompts import CURRENT, build_prompt_for, load_instructions
from oslira_shared.contracts.analysis.v1 import AnalysisType

EVERY_CALL = sorted({call for calls in CALLS.values() for call in calls}, key=lambda call: call.name)
_CHARS_PER_TOKEN = 4.5  # of English prose; the providers' tokenizers are between 4 and 5


def test_every_call_has_a_task_and_every_task_a_call() -> None:
    assert {call.task for call in (*EVERY_CALL, DRAFT)} == set(CURRENT)


@pytest.mark.parametrize("call", EVERY_CALL, ids=lambda call: call.name)
def test_the_prefix_is_stable_and_long_enough_to_cache(
    call: Call,
    make_profile: Callable[..., Profile],
    make_facts: Callable[..., ProfileFacts],
    make_business: Callable[..., BusinessContext],
) -> None:
    one = build_prompt_for(call, make_business(), make_profile(), make_facts())
    other = build_prompt_for(call, make_business(), make_profile(username="other"), make_facts())
    assert one.system == other.system
    assert one.user != other.user
    assert len(one.system) / _CHARS_PER_TOKEN > 1_024
    assert one.system.startswith(load_instructions(call.task).text)


def test_the_deeper_tasks_begin_with_the_same_rules() -> None:
    rules = load_instructions("core").text.split("# Task")[0]
    assert len(rules) / _CHARS_PER_TOKEN > 1_024
    for call in (*calls_of(AnalysisType.DEEP), *calls_of(AnalysisType.XRAY)):
        assert load_instructions(call.task).text.startswith(rules)


def test_a_version_names_every_file_of_the_prompt() -> None:
    assert load_instructions("light").version == "light/v2"
    assert load_instructions("core").version == "core/v1+rules/v2"


@pytest.mark.parametrize("call", EVERY_CALL, ids=lambda call: call.name)
def test_every_call_reads_a_legend_of_the_gaps_the_date_and_what_to_do_without_an_ideal_customer(
    call: Call,
    make_profile: Callable[..., Profile],
    make_facts: Callable[..., ProfileFacts],
    make_post: Callable[..., dict[str, Any]],
    make_business: Callable[..., BusinessContext],
) -> None:
    text = load_instructions(call.task).text
    bare: dict[str, Any] = {
        "biography": "",
        "externalUrl": None,
        "businessCategoryName": None,
        "highlightReelCount": 0,
    }
    old = [
        make_post(
            n, caption="", hashtags=[], commentsCount=0, likesCount=10**n, timestamp=f"2024-0{1 + 3 * n}-01"
        )
        for n in range(3)
    ]
    gaps = (*make_facts(**bare, latestPosts=old).gaps, *make_facts(isBusinessAccount=False).gaps)
    codes = {gap.code for gap in gaps}
    assert len(codes) >= 13
    assert not {code for code in codes if f"`{code}`" not in text}
    assert "If every field of `ideal_customer` is null" in text
    assert "Today's date" in text
    prompt = build_prompt_for(call, make_business(), make_profile(), make_facts())
    assert "\n\nToday is 2026-11-22.\n" in prompt.user
    assert "Today is" not in prompt.system


@pytest.mark.parametrize("task", CURRENT)
def test_the_instructions_name_the_requested_fields(task: str) -> None:
    fields = {name for call in (*EVERY_CALL, DRAFT) if call.task == task for name in call.answer.model_fields}
    text = load_instructions(task).text.lower().replace(" ", "_")
    assert not {name for name in fields if name not in text}
