"""One model call over two providers: stored answers, one repair, and the fallback."""

import asyncio
import json
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from model_desk import CALL, DOWN, GONE, GOOD, PROMPT, SLOW, Desk, ask_again, reply
from oslira_analysis.application.model_ports import (
    AnswerUnusable,
    ModelBusy,
    ProviderFailed,
    Reply,
    RequestRefused,
)
from oslira_analysis.application.rows import Usage
from oslira_analysis.domain.models.model_catalogue import Provider
from pydantic import BaseModel


async def test_a_good_answer_is_recorded_stored_and_not_requested_again() -> None:
    desk = Desk([reply(GOOD)])
    assert await desk.answer() == {"good": True}
    assert await desk.answer() == {"good": True}
    assert (len(desk.first.asked), len(desk.second.asked)) == (1, 0)
    assert desk.first.asked[0].model == "first-model"
    assert desk.measured.labels == ["verdict first-model"]


@pytest.mark.parametrize(
    ("bad", "fault"),
    [
        (reply("not json"), "json_invalid"),
        (reply('{"good": "maybe"}'), "good: bool"),
        (reply(None, error="refused"), "refused"),
    ],
)
async def test_an_unusable_answer_is_repaired_once_with_the_fault_in_the_request(
    bad: Reply, fault: str
) -> None:
    desk = Desk([bad, reply(GOOD)])
    assert await desk.answer() == {"good": True}
    asked = desk.first.asked
    assert [question.fault is None for question in asked] == [True, False]
    assert fault in (asked[1].fault or "")
    assert len(desk.second.asked) == 0
    assert all(usage and usage.cost_nano_usd == 7 for usage in desk.records.usages())


@pytest.mark.parametrize(("text", "requests"), [(f"{GOOD}\n\n\n", 1), (GOOD[:8], 2), ("", 2)])
async def test_a_complete_answer_before_truncation_is_used_and_a_partial_one_is_repaired(
    text: str, requests: int
) -> None:
    cut = replace(reply(text), usage=replace(reply(text).usage, state="cut_short", error="cut short"))
    desk = Desk([cut, reply(GOOD)])
    assert await desk.answer() == {"good": True}
    assert len(desk.first.asked) == requests
    assert desk.first.asked[-1].fault in {None, "cut short"}
    first = desk.records.usages()[0]
    assert first is not None
    assert (first.state, first.error) == (("answered", None) if requests == 1 else ("cut_short", "cut short"))


async def test_a_second_unusable_answer_falls_back_with_the_same_prompt() -> None:
    desk = Desk([reply("no")])
    assert await desk.answer() == {"good": True}
    assert (len(desk.first.asked), len(desk.second.asked)) == (2, 1)
    assert desk.second.asked[0].model == "second-model"
    assert desk.second.asked[0].prompt == PROMPT
    assert desk.second.asked[0].fault is None


async def test_unusable_answers_of_all_providers_are_final_and_recorded() -> None:
    desk = Desk([reply("no")], [reply("neither")])
    with pytest.raises(AnswerUnusable):
        await desk.answer()
    assert [usage.output_tokens for usage in desk.records.usages() if usage] == [3, 3, 3, 3]


async def test_paid_answers_are_not_requested_again_by_a_later_attempt() -> None:
    desk = Desk([reply("no")], [reply("neither")])
    for _ in range(3):
        with pytest.raises(AnswerUnusable):
            await desk.answer()
    assert (len(desk.first.asked), len(desk.second.asked)) == (2, 2)


async def test_a_provider_that_is_down_gets_two_retries_before_the_fallback() -> None:
    desk = Desk([DOWN])
    assert await desk.answer() == {"good": True}
    assert (len(desk.first.asked), len(desk.second.asked)) == (3, 1)
    assert desk.measured.labels == [
        "verdict second-model"
    ]  # how soon a provider refuses is no measure of its answers


async def test_one_that_was_too_slow_is_not_waited_for_again() -> None:
    desk = Desk([SLOW])
    assert await desk.answer() == {"good": True}
    assert (len(desk.first.asked), len(desk.second.asked)) == (1, 1)


async def test_a_request_that_is_wrong_there_goes_to_the_other_at_once() -> None:
    desk = Desk([RequestRefused("400")])
    assert await desk.answer() == {"good": True}
    assert (len(desk.first.asked), len(desk.second.asked)) == (1, 1)


async def test_an_outage_of_both_is_for_later_and_an_outage_of_one_is_not_final() -> None:
    for first, second in (([DOWN], [DOWN]), ([reply("no")], [DOWN]), ([DOWN], [reply("no")])):
        desk = Desk([*first], [*second])
        with pytest.raises(ModelBusy):
            await desk.answer()


async def test_an_unavailable_model_is_replaced_by_its_successor_and_not_requested_again() -> None:
    desk = Desk([GONE, reply(GOOD)])
    desk.shelf.models["openai"] = ["first-model", "its-successor"]
    await ask_again(desk)
    await ask_again(desk)
    assert [question.model for question in desk.first.asked] == [
        "first-model",
        "its-successor",
        "its-successor",
    ]
    assert desk.shelf.gone == ["first-model"]
    assert len(desk.second.asked) == 0
    assert [usage.error for usage in desk.records.usages() if usage] == ["404 model_not_found", None, None]


async def test_an_unavailable_model_without_a_successor_falls_back() -> None:
    desk = Desk([GONE])
    await ask_again(desk)
    await ask_again(desk)
    assert (len(desk.first.asked), len(desk.second.asked)) == (1, 2)


async def test_without_any_model_left_the_run_waits_for_an_operator() -> None:
    desk = Desk([GONE], [GONE])
    with pytest.raises(ModelBusy, match="no model is left"):
        await desk.answer()
    desk = Desk([GONE], [reply("no")])
    with pytest.raises(AnswerUnusable):
        await desk.answer()


async def test_an_unavailable_model_that_could_not_be_recorded_is_requested_once_per_call() -> None:
    desk = Desk([GONE])

    async def forget(provider: Provider, model: str) -> None:
        """Nothing is kept."""

    desk.shelf.note_removed = forget  # type: ignore[method-assign]
    await ask_again(desk)
    assert (len(desk.first.asked), len(desk.second.asked)) == (1, 1)


async def test_a_missing_model_neither_opens_nor_closes_the_breaker() -> None:
    desk = Desk([DOWN, DOWN, GONE, DOWN, reply(GOOD)])
    desk.shelf.models["openai"] = [f"model-{number}" for number in range(5)]
    await ask_again(desk)  # two failures; the missing model did not reset them: the third opens the breaker
    asked = len(desk.first.asked)
    await ask_again(desk)
    assert (asked, len(desk.first.asked)) == (4, 4)
    desk = Desk([GONE])
    desk.shelf.models["openai"] = [f"model-{number}" for number in range(5)]
    await ask_again(desk)
    assert desk.first_breaker.state(desk.now_s) == "closed"


async def test_an_answer_that_arrives_during_a_cancel_is_stored() -> None:
    desk = Desk([reply(GOOD)])
    is_completing, may_complete = asyncio.Event(), asyncio.Event()
    complete = desk.records.complete

    async def slowly(usage_id: UUID, usage: Usage, answer: dict[str, Any] | None) -> None:
        is_completing.set()
        await may_complete.wait()
        await complete(usage_id, usage, answer)

    desk.records.complete = slowly  # type: ignore[method-assign]
    asking = asyncio.create_task(desk.answer())
    await is_completing.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    may_complete.set()
    await asyncio.sleep(0.01)
    assert desk.records.answers == {"verdict": {"good": True}}


async def test_a_stored_answer_of_another_schema_is_a_miss() -> None:
    """A rolling deploy: an earlier version kept it."""
    desk = Desk([reply(GOOD)])
    desk.records.answers["verdict"] = {"was_good": "yes"}
    assert await desk.answer() == {"good": True}
    assert desk.records.answers["verdict"] == {"good": True}
    assert await desk.answer() == {"good": True}
    assert len(desk.first.asked) == 1


class Words(BaseModel):
    words: str


WORDS = replace(CALL, answer=Words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (r'{"words": "a\u0000b"}', "ab"),
        (r'{"words": "half \ud83d an emoji"}', "half  an emoji"),
        (r'{"words": "whole \ud83d\ude00"}', "whole 😀"),
        ('{"words": "a\x00b"}', "ab"),
        (json.dumps(json.dumps({"words": "a\x00b\ud83d"})), "ab"),
    ],
)
async def test_an_answer_contains_nothing_that_postgres_rejects(text: str, words: str) -> None:
    desk = Desk([reply(text)])
    assert await desk.answer(WORDS) == {"words": words}
    assert len(desk.first.asked) == 1


async def test_the_error_of_an_answer_can_always_be_recorded() -> None:
    desk = Desk([ProviderFailed("said \x00\ud83d" + "x" * 9_000, is_retryable=False)])
    await desk.answer()
    [failed, _] = desk.records.usages()
    assert failed is not None
    assert failed.error == ("said " + "x" * 9_000)[:500]
