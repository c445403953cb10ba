"""What both model providers share: a counted, timed call and an answer that a fault or a token limit may spoil."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oslira_simulators.answers import answer_for
from oslira_simulators.counters import Counters
from oslira_simulators.faults import MODEL_KINDS
from oslira_simulators.latency import Latencies
from oslira_simulators.odd_answers import odd_text
from oslira_simulators.prompt import ShownProfile
from oslira_simulators.prompt_cache import CHARS_PER_TOKEN, count_tokens
from oslira_simulators.wire import Call

MODEL_FAULTS = MODEL_KINDS
# What each effort thinks; part of the output and of its limit.
REASONING_TOKENS = {
    "none": 0,
    "minimal": 0,
    "low": 128,
    "medium": 512,
    "high": 1024,
    "xhigh": 2048,
    "max": 4096,
}
REFUSAL = "I'm sorry, but I can't help with that."


@dataclass(frozen=True, slots=True)
class Question:
    """A call, independent of the provider. `schema` is None where plain text was requested."""

    model: str
    prompt: str
    profile: ShownProfile
    schema: Mapping[str, Any] | None
    schema_name: str
    max_output_tokens: int | None
    reasoning_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """`text` is None where thinking used up the whole limit; reasoning is part of `output_tokens`."""

    text: str | None
    is_cut: bool
    is_refusal: bool
    output_tokens: int
    reasoning_tokens: int


class SimulatedModel:
    def __init__(self, provider: str, *, latencies: Latencies, counters: Counters) -> None:
        self._provider = provider
        self._latencies = latencies
        self._counters = counters

    async def ask(self, question: Question, call: Call) -> Answer:
        """Waits for its latency, then answers. Cancelled when the caller disconnects: counted as abandoned."""
        answer = _answer(question, call)
        await self._think(question)
        return answer

    def book(self, **tokens: int) -> None:
        self._counters.models[self._provider].tokens.update(tokens)

    async def _think(self, question: Question) -> None:
        counters = self._counters.models[self._provider]
        username = question.profile.username
        counters.calls += 1
        counters.by_model.add(question.model, question.schema_name)
        counters.by_username.add(username or "(none)", question.schema_name)
        label = f"{question.model}/{question.schema_name}"
        drawn = self._latencies.draw("model", username=username, label=label)
        with counters.running.hold():
            try:
                await asyncio.sleep(drawn.duration_s)
            except asyncio.CancelledError:
                counters.abandoned += 1
                raise


def _answer(question: Question, call: Call) -> Answer:
    """Raises ValueError for a schema the simulated model can't satisfy."""
    if call.suffers("refusal"):
        return Answer(REFUSAL, False, True, count_tokens(REFUSAL), 0)
    text = odd_text(call.fault.kind if call.fault else None, _full_text(question))
    limit = question.max_output_tokens
    if call.suffers("truncate"):
        limit = question.reasoning_tokens + count_tokens(text) // 2
    reasoning = question.reasoning_tokens
    if limit is None or reasoning + count_tokens(text) <= limit:
        return Answer(text, False, False, reasoning + count_tokens(text), reasoning)
    left = limit - reasoning
    if left <= 0:
        return Answer(None, True, False, limit, limit)
    return Answer(text[: left * CHARS_PER_TOKEN], True, False, limit, reasoning)


def _full_text(question: Question) -> str:
    if question.schema is None:
        return f"{question.profile.name} writes for its own community."
    return json.dumps(answer_for(question.schema, question.profile), ensure_ascii=False)
