"""One model call over two providers: kept answers, one repair, the fallback, the breaker and its recovery."""

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from oslira_analysis.application.answer_call import ProviderSlot, RecordedModels
from oslira_analysis.application.model_ports import (
    UNANSWERED,
    AnswerUnusable,
    CallHistory,
    ModelBusy,
    ModelNotFound,
    ProviderFailed,
    Question,
    Reply,
    RequestRefused,
    Unusable,
)
from oslira_analysis.application.rows import Run, Usage
from oslira_analysis.application.supplier_trouble import Trouble
from oslira_analysis.domain.breaker import Breaker, BreakerLimits
from oslira_analysis.domain.models.calls import Call
from oslira_analysis.domain.models.model_catalogue import Provider
from oslira_analysis.domain.models.model_table import Choice
from oslira_analysis.domain.prompts.prompt import Prompt
from oslira_analysis.domain.snooze import MOST_UNANSWERED
from oslira_shared.contracts.points import Metric
from pydantic import BaseModel


class Verdict(BaseModel):
    good: bool


CALL = Call("verdict", "light", "light", Verdict)
PROMPT = Prompt("system", "user", "light/v1")
RUN = Run(uuid4(), uuid4(), uuid4(), "light", "someone", 3600, 1, None, False, None)
GOOD = '{"good": true}'


def said(text: str | None, *, error: str | None = None) -> Reply:
    state = "refused" if error == "refused" else "answered"
    usage = Usage(state, 5, input_tokens=10, cached_tokens=0, output_tokens=3, cost_nano_usd=7, error=error)
    return Reply(usage, text)


@dataclass
class ScriptedProvider:
    """Answers or raises what its script says, then its last word for ever."""

    name: Provider
    script: list[Reply | Exception]
    asked: list[Question] = field(default_factory=list[Question])

    async def ask(self, question: Question) -> Reply:
        self.asked.append(question)
        word = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(word, Exception):
            raise word
        return word


@dataclass
class MemoryCallRecords:
    rows: dict[UUID, tuple[str, str, Usage | None]] = field(
        default_factory=dict[UUID, tuple[str, str, Usage | None]]
    )
    answers: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])

    async def load(self, run: Run, call: Call) -> CallHistory:  # noqa: ARG002
        bad: dict[str, list[str]] = {}
        for by, name, usage in self.rows.values():
            if name == call.name and usage and usage.error and usage.state != "failed":
                bad.setdefault(by, []).append(usage.error)
        unanswered = Counter(
            by
            for by, name, usage in self.rows.values()
            if name == call.name and (usage is None or (usage.error or "").startswith(UNANSWERED))
        )
        unusable = {by: Unusable(len(errors), errors[-1]) for by, errors in bad.items()}
        return CallHistory(self.answers.get(call.name), unusable, unanswered)

    async def discard(self, run: Run, call: Call) -> None:  # noqa: ARG002
        self.answers.pop(call.name, None)

    async def create(self, question: Question, provider: str) -> UUID:
        usage_id = uuid4()
        self.rows[usage_id] = (provider, question.call.name, None)
        return usage_id

    async def complete(self, usage_id: UUID, usage: Usage, answer: dict[str, Any] | None) -> None:
        provider, name, _ = self.rows[usage_id]
        self.rows[usage_id] = (provider, name, usage)
        if answer is not None:
            self.answers.setdefault(name, answer)

    def usages(self) -> list[Usage | None]:
        return [usage for _, _, usage in self.rows.values()]


class Shelf:
    """The port ModelChoices: each provider's models, the first that is not gone."""

    def __init__(self) -> None:
        self.models: dict[Provider, list[str]] = {"openai": ["first-model"], "anthropic": ["second-model"]}
        self.gone: list[str] = []

    def choose(self, call: Call, provider: Provider) -> Choice | None:
        assert call.role == CALL.role
        left = [model for model in self.models[provider] if model not in self.gone]
        return Choice(left[0], 100) if left else None

    async def note_gone(self, provider: Provider, model: str) -> None:
        assert model in self.models[provider]
        self.gone.append(model)


class Measured:
    """See Points."""

    def __init__(self) -> None:
        self.labels: list[str] = []

    def emit(self, metric: Metric, label: str, value_us: int, *, account_id: UUID) -> None:
        assert (metric, account_id) == (Metric.CALL, RUN.account_id)
        assert value_us >= 0
        self.labels.append(label)


class Desk:
    def __init__(self, first: list[Reply | Exception], second: list[Reply | Exception] | None = None) -> None:
        self.now_s = 0.0
        self.first = ScriptedProvider("openai", first)
        self.second = ScriptedProvider("anthropic", second or [said(GOOD)])
        self.records = MemoryCallRecords()
        self.measured = Measured()
        self.shelf = Shelf()
        limits = BreakerLimits(failures=3, open_s=10.0)
        self.first_breaker = Breaker(limits)
        self.models = RecordedModels(
            self.records,
            (
                ProviderSlot(self.first, self.first_breaker),
                ProviderSlot(self.second, Breaker(limits)),
            ),
            self.shelf,
            clock_s=lambda: self.now_s,
            points=self.measured,
            pauses_s=(0.0, 0.0),
        )

    async def answer(self, call: Call = CALL, *, snoozed_for_s: float = 0.0) -> dict[str, Any]:
        return await self.models.answer(replace(RUN, snoozed_for_s=snoozed_for_s), call, PROMPT)


DOWN = ProviderFailed("503", is_retryable=True)
SLOW = ProviderFailed("APITimeoutError", is_retryable=False)


async def test_a_good_answer_is_booked_kept_and_never_asked_for_again() -> None:
    desk = Desk([said(GOOD)])
    assert await desk.answer() == {"good": True}
    assert await desk.answer() == {"good": True}
    assert (len(desk.first.asked), len(desk.second.asked)) == (1, 0)
    assert desk.first.asked[0].model == "first-model"
    assert desk.measured.labels == ["verdict first-model"]


@pytest.mark.parametrize(
    ("bad", "fault"),
    [
        (said("not json"), "json_invalid"),
        (said('{"good": "maybe"}'), "good: bool"),
        (said(None, error="refused"), "refused"),
    ],
)
async def test_an_unusable_answer_is_repaired_once_and_told_what_was_wrong(bad: Reply, fault: str) -> None:
    desk = Desk([bad, said(GOOD)])
    assert await desk.answer() == {"good": True}
    asked = desk.first.asked
    assert [question.fault is None for question in asked] == [True, False]
    assert fault in (asked[1].fault or "")
    assert len(desk.second.asked) == 0
    assert all(usage and usage.cost_nano_usd == 7 for usage in desk.records.usages())


@pytest.mark.parametrize(("text", "requests"), [(f"{GOOD}\n\n\n", 1), (GOOD[:8], 2), ("", 2)])
async def test_a_whole_answer_before_the_cut_is_used_and_half_a_one_is_repaired(
    text: str, requests: int
) -> None:
    cut = replace(said(text), usage=replace(said(text).usage, state="cut_short", error="cut short"))
    desk = Desk([cut, said(GOOD)])
    assert await desk.answer() == {"good": True}
    assert len(desk.first.asked) == requests
    assert desk.first.asked[-1].fault in {None, "cut short"}
    first = desk.records.usages()[0]
    assert first is not None
    assert (first.state, first.error) == (("answered", None) if requests == 1 else ("cut_short", "cut short"))


async def test_a_second_unusable_answer_falls_back_with_the_same_prompt() -> None:
    desk = Desk([said("no")])
    assert await desk.answer() == {"good": True}
    assert (len(desk.first.asked), len(desk.second.asked)) == (2, 1)
    assert desk.second.asked[0].model == "second-model"
    assert desk.second.asked[0].prompt == PROMPT
    assert desk.second.asked[0].fault is None


async def test_when_nobody_answers_usably_it_is_final_and_every_answer_is_booked() -> None:
    desk = Desk([said("no")], [said("neither")])
    with pytest.raises(AnswerUnusable):
        await desk.answer()
    assert [usage.output_tokens for usage in desk.records.usages() if usage] == [3, 3, 3, 3]


async def test_answers_that_were_paid_for_are_not_asked_for_again_by_a_later_attempt() -> None:
    desk = Desk([said("no")], [said("neither")])
    for _ in range(3):
        with pytest.raises(AnswerUnusable):
            await desk.answer()
    assert (len(desk.first.asked), len(desk.second.asked)) == (2, 2)


async def test_a_provider_that_is_down_is_asked_twice_more_and_then_the_other() -> None:
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
    for first, second in (([DOWN], [DOWN]), ([said("no")], [DOWN]), ([DOWN], [said("no")])):
        desk = Desk([*first], [*second])
        with pytest.raises(ModelBusy):
            await desk.answer()


GONE = ModelNotFound("404 model_not_found")


async def test_a_model_that_is_gone_is_followed_by_its_successor_and_not_asked_for_again() -> None:
    desk = Desk([GONE, said(GOOD)])
    desk.shelf.models["openai"] = ["first-model", "its-successor"]
    await ask_anew(desk)
    await ask_anew(desk)
    assert [question.model for question in desk.first.asked] == [
        "first-model",
        "its-successor",
        "its-successor",
    ]
    assert desk.shelf.gone == ["first-model"]
    assert len(desk.second.asked) == 0
    assert [usage.error for usage in desk.records.usages() if usage] == ["404 model_not_found", None, None]


async def test_a_model_that_is_gone_without_a_successor_falls_back() -> None:
    desk = Desk([GONE])
    await ask_anew(desk)
    await ask_anew(desk)
    assert (len(desk.first.asked), len(desk.second.asked)) == (1, 2)


async def test_without_any_model_left_the_run_waits_for_an_operator() -> None:
    desk = Desk([GONE], [GONE])
    with pytest.raises(ModelBusy, match="no model is left"):
        await desk.answer()
    desk = Desk([GONE], [said("no")])
    with pytest.raises(AnswerUnusable):
        await desk.answer()


async def test_a_gone_model_that_could_not_be_noted_is_asked_for_once_a_call() -> None:
    desk = Desk([GONE])

    async def forget(provider: Provider, model: str) -> None:
        """Nothing is kept."""

    desk.shelf.note_gone = forget  # type: ignore[method-assign]
    await ask_anew(desk)
    assert (len(desk.first.asked), len(desk.second.asked)) == (1, 1)


async def test_a_missing_model_neither_opens_nor_closes_the_breaker() -> None:
    desk = Desk([DOWN, DOWN, GONE, DOWN, said(GOOD)])
    desk.shelf.models["openai"] = [f"model-{number}" for number in range(5)]
    await ask_anew(desk)  # two failures; the missing model did not reset them: the third opens the breaker
    asked = len(desk.first.asked)
    await ask_anew(desk)
    assert (asked, len(desk.first.asked)) == (4, 4)
    desk = Desk([GONE])
    desk.shelf.models["openai"] = [f"model-{number}" for number in range(5)]
    await ask_anew(desk)
    assert desk.first_breaker.state(desk.now_s) == "closed"


async def ask_anew(desk: Desk) -> None:
    desk.records.answers.clear()
    assert await desk.answer() == {"good": True}


async def test_the_breaker_spares_a_provider_that_is_down_and_tries_it_again_later() -> None:
    desk = Desk([DOWN, DOWN, DOWN, DOWN, said(GOOD)])
    await ask_anew(desk)  # three failures open it
    await ask_anew(desk)
    assert (len(desk.first.asked), len(desk.second.asked)) == (3, 2)
    desk.now_s = 11
    await ask_anew(desk)  # the first request after it fails: open again
    assert (len(desk.first.asked), len(desk.second.asked)) == (4, 3)
    desk.now_s = 22
    await ask_anew(desk)
    await ask_anew(desk)  # it is back
    assert (len(desk.first.asked), len(desk.second.asked)) == (6, 3)


@pytest.mark.parametrize("trouble", ["limited", "used_up", "key_refused"])
async def test_a_provider_that_refuses_for_now_is_asked_once_and_then_the_other(trouble: Trouble) -> None:
    desk = Desk([ProviderFailed("429", is_retryable=False, trouble=trouble)])
    assert await desk.answer() == {"good": True}
    assert (len(desk.first.asked), len(desk.second.asked)) == (1, 1)


async def test_limits_open_no_breaker_and_hold_requests_back_for_as_long_as_was_asked() -> None:
    limited = ProviderFailed("429", is_retryable=False, trouble="limited", retry_after_s=60)
    desk = Desk([limited, limited, limited, said(GOOD)])
    for _ in range(5):
        await ask_anew(desk)
    assert (len(desk.first.asked), len(desk.second.asked)) == (3, 5)
    assert desk.first_breaker.state(desk.now_s) == "closed"
    desk.now_s = 60
    await ask_anew(desk)
    assert (len(desk.first.asked), len(desk.second.asked)) == (4, 5)


async def test_it_is_for_later_when_the_first_of_them_may_be_asked_again() -> None:
    def limited(retry_after_s: float | None) -> ProviderFailed:
        return ProviderFailed("429", is_retryable=False, trouble="limited", retry_after_s=retry_after_s)

    for first_s, second_s, expected_s in ((60.0, 20.0, 20.0), (60.0, None, None)):
        desk = Desk([limited(first_s)], [limited(second_s)])
        with pytest.raises(ModelBusy) as busy:
            await desk.answer()
        assert busy.value.retry_after_s == expected_s


async def test_requests_that_may_cost_and_get_no_answer_are_bounded_over_all_attempts() -> None:
    lost = ProviderFailed("APITimeoutError", is_retryable=False, may_cost=True)
    desk = Desk([lost], [lost])
    for _ in range(MOST_UNANSWERED):
        desk.now_s += 100  # their breakers are closed again
        with pytest.raises(ModelBusy):
            await desk.answer()
    with pytest.raises(ModelBusy) as busy:
        await desk.answer()
    assert busy.value.retry_after_s == 32
    assert len(desk.first.asked) == len(desk.second.asked) == MOST_UNANSWERED


async def test_after_unanswered_requests_a_run_waits_and_then_completes() -> None:
    lost = ProviderFailed("APIConnectionError", is_retryable=False, may_cost=True)
    desk = Desk([*[lost] * MOST_UNANSWERED, said(GOOD)], [lost])
    for _ in range(MOST_UNANSWERED):
        desk.now_s += 100
        with pytest.raises(ModelBusy):
            await desk.answer()
    desk.now_s += 100
    assert await desk.answer(snoozed_for_s=33) == {"good": True}


async def test_an_answer_that_came_as_we_were_cancelled_is_kept() -> None:
    desk = Desk([said(GOOD)])
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


async def test_a_kept_answer_of_another_schema_is_a_miss() -> None:
    """A rolling deploy: an earlier version kept it."""
    desk = Desk([said(GOOD)])
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
async def test_an_answer_holds_nothing_that_the_books_refuse(text: str, words: str) -> None:
    desk = Desk([said(text)])
    assert await desk.answer(WORDS) == {"words": words}
    assert len(desk.first.asked) == 1


async def test_what_is_wrong_with_an_answer_can_always_be_booked() -> None:
    desk = Desk([ProviderFailed("said \x00\ud83d" + "x" * 9_000, is_retryable=False)])
    await desk.answer()
    [failed, _] = desk.records.usages()
    assert failed is not None
    assert failed.error == ("said " + "x" * 9_000)[:500]
