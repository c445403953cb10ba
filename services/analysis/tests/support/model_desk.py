"""Model calls over two scripted providers, with records in memory."""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID, uuid4

from oslira_analysis.application.answer_call import ProviderSlot, RecordedModels
from oslira_analysis.application.model_ports import (
    UNANSWERED,
    CallHistory,
    ModelNotFound,
    ProviderFailed,
    Question,
    Reply,
    Unusable,
)
from oslira_analysis.application.rows import Run, Usage
from oslira_analysis.domain.breaker import Breaker, BreakerLimits
from oslira_analysis.domain.models.calls import Call
from oslira_analysis.domain.models.model_catalogue import Provider
from oslira_analysis.domain.models.model_table import Choice
from oslira_analysis.domain.prompts.prompt import Prompt
from oslira_shared.contracts.points import Metric
from pydantic import BaseModel


class Verdict(BaseModel):
    good: bool


CALL = Call("verdict", "light", "light", Verdict)
PROMPT = Prompt("system", "user", "light/v1")
RUN = Run(uuid4(), uuid4(), uuid4(), "light", "someone", 3600, 1, None, False, None)
GOOD = '{"good": true}'


def reply(text: str | None, *, error: str | None = None) -> Reply:
    state = "refused" if error == "refused" else "answered"
    usage = Usage(state, 5, input_tokens=10, cached_tokens=0, output_tokens=3, cost_nano_usd=7, error=error)
    return Reply(usage, text)


@dataclass
class ScriptedProvider:
    """Answers or raises its script in order, then repeats the last entry."""

    name: Provider
    script: list[Reply | Exception]
    asked: list[Question] = field(default_factory=list[Question])

    async def ask(self, question: Question) -> Reply:
        self.asked.append(question)
        entry = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(entry, Exception):
            raise entry
        return entry


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
    """Implements ModelChoices: each provider's models, the first that is not gone."""

    def __init__(self) -> None:
        self.models: dict[Provider, list[str]] = {"openai": ["first-model"], "anthropic": ["second-model"]}
        self.gone: list[str] = []

    def choose(self, call: Call, provider: Provider) -> Choice | None:
        assert call.role == CALL.role
        left = [model for model in self.models[provider] if model not in self.gone]
        return Choice(left[0], 100) if left else None

    async def note_removed(self, provider: Provider, model: str) -> None:
        assert model in self.models[provider]
        self.gone.append(model)


class RecordedPoints:
    """Implements Points, recorded."""

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
        self.second = ScriptedProvider("anthropic", second or [reply(GOOD)])
        self.records = MemoryCallRecords()
        self.measured = RecordedPoints()
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
GONE = ModelNotFound("404 model_not_found")


async def ask_again(desk: Desk) -> None:
    desk.records.answers.clear()
    assert await desk.answer() == {"good": True}
