"""One model call: kept answers first, then the first provider, repaired once, then the one it falls back to.

One layer of retries: none in the SDKs, two here, then the run's row with its backoff.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import structlog
from oslira_shared.contracts.points import Metric
from oslira_shared.observability import trace
from oslira_shared.observability.points import Points
from oslira_shared.outside_text import storable_json, storable_json_text, storable_text

from oslira_analysis.application.model_ports import (
    AnswerUnusable,
    CallBooks,
    ModelBusy,
    ModelChoices,
    ModelNotFound,
    ModelProvider,
    ProviderFailed,
    Question,
    Recalled,
    Reply,
    RequestRefused,
)
from oslira_analysis.application.rows import Run, Usage
from oslira_analysis.domain.answer_schema import InvalidAnswer, check_answer, read_answer
from oslira_analysis.domain.breaker import Breaker, BreakerState
from oslira_analysis.domain.calls import MOST_PAID_REQUESTS, Call
from oslira_analysis.domain.model_catalogue import Provider
from oslira_analysis.domain.model_table import Choice
from oslira_analysis.domain.prompt import Prompt
from oslira_analysis.metrics import MODEL_COST_USD, MODEL_SECONDS, MODEL_TOKENS, NANO

_LOG = structlog.get_logger()
_MOST_ERROR_CHARS: Final = 500


@dataclass(slots=True)
class Seat:
    """A provider, and whether it is worth asking at present.

    The breaker is this process's own: replicas learn of an outage each by itself, from a handful of failures.
    """

    provider: ModelProvider
    breaker: Breaker


class _NoModelLeft(Exception):  # noqa: N818
    """The provider has no model for the call: others may."""


class BookedModels:
    """The port Models over providers in the order of preference."""

    def __init__(
        self,
        books: CallBooks,
        seats: tuple[Seat, ...],
        choices: ModelChoices,
        *,
        clock_s: Callable[[], float],
        points: Points,
        pauses_s: tuple[float, ...] = (0.5, 1.5),
    ) -> None:
        self._books = books
        self._seats = seats
        self._choices = choices
        self._clock_s = clock_s
        self._points = points
        self._pauses_s = pauses_s

    def breakers(self) -> dict[str, BreakerState]:
        """Each provider's, as this process sees it."""
        now_s = self._clock_s()
        return {seat.provider.name: seat.breaker.state(now_s) for seat in self._seats}

    async def answer(self, run: Run, call: Call, prompt: Prompt) -> dict[str, Any]:
        recalled = await self._books.recall(run, call)
        if recalled.answer is not None:
            try:
                return check_answer(call.answer, recalled.answer).model_dump()
            except InvalidAnswer as error:  # kept by another version, for another schema
                _LOG.warning("kept_answer_unusable", call=call.name, reason=str(error))
                await self._books.discard(run, call)
        busy: list[str] = []
        unusable: list[str] = []
        gone: list[str] = []
        for seat in self._seats:
            try:
                return await self._ask(seat, run, call, prompt, recalled)
            except ModelBusy as error:
                busy.append(str(error))
            except AnswerUnusable as error:
                unusable.append(str(error))
            except _NoModelLeft as error:
                gone.append(str(error))
            _LOG.warning("model_falls_back", provider=seat.provider.name, call=call.name)
        # An outage passes: what was refused meanwhile is remembered in the books. Without any model an operator has to act.
        if busy or not unusable:
            raise ModelBusy("; ".join(busy + gone))
        raise AnswerUnusable("; ".join(unusable))

    async def _ask(
        self, seat: Seat, run: Run, call: Call, prompt: Prompt, recalled: Recalled
    ) -> dict[str, Any]:
        name, pauses_s = seat.provider.name, iter(self._pauses_s)
        not_found: set[str] = set()
        while True:
            choice = self._choice(call, name, not_found)
            # Counted over all attempts of the run, since each was paid: this bounds what a call can cost.
            unusable = recalled.unusable_of(name)
            if unusable.answers >= MOST_PAID_REQUESTS:
                raise AnswerUnusable(f"{name} {call.name}: {unusable.fault}")
            if not seat.breaker.allows(self._clock_s()):
                raise ModelBusy(f"{name}: its breaker is open")
            try:
                with trace.span(f"model {call.name}", kind="client", provider=name, model=choice.model):
                    answer = await self._once(seat, Question(run, call, choice, prompt, unusable.fault))
            except ModelNotFound:  # the next choice is its successor, if it has one
                not_found.add(choice.model)
                await self._choices.note_gone(name, choice.model)
            except ProviderFailed as error:
                pause_s = next(pauses_s, None) if error.asks_again else None
                if pause_s is None:
                    raise ModelBusy(f"{name} {call.name}: {error}") from error
                await asyncio.sleep(pause_s)
            except RequestRefused as error:
                raise AnswerUnusable(f"{name} {call.name}: {error}") from error
            else:
                if answer is not None:
                    return answer
                recalled = await self._books.recall(run, call)

    def _choice(self, call: Call, provider: Provider, not_found: set[str]) -> Choice:
        choice = self._choices.choose(call, provider)
        if choice is None or choice.model in not_found:
            raise _NoModelLeft(f"{provider} {call.name}: no model is left")
        return choice

    async def _once(self, seat: Seat, question: Question) -> dict[str, Any] | None:
        """One booked request; None when its answer can't be used."""
        started_s = self._clock_s()
        has_ended = False
        try:
            usage_id = await self._books.book(question, seat.provider.name)
            try:
                reply = await seat.provider.ask(question)
            except (ProviderFailed, RequestRefused, ModelNotFound) as error:
                now_s, has_ended = self._clock_s(), True
                if isinstance(error, ProviderFailed):
                    seat.breaker.failed(now_s)
                elif isinstance(error, ModelNotFound):  # says nothing of the provider's other models
                    seat.breaker.abandoned(now_s)
                else:  # it is up, and dislikes what we said
                    seat.breaker.succeeded(now_s)
                usage = Usage("failed", round((now_s - started_s) * 1000), error=_storable(error))
                _count(seat.provider.name, question.model, usage)
                await self._books.complete(usage_id, usage, None)
                raise
            seat.breaker.succeeded(self._clock_s())
            has_ended = True
        finally:
            if not has_ended:  # cancelled, or the books are closed: it says nothing of the provider
                seat.breaker.abandoned(self._clock_s())
        usage, answer = _judge(question, reply)
        _count(seat.provider.name, question.model, usage)
        label = f"{question.call.name} {question.model}"
        self._points.emit(Metric.CALL, label, usage.duration_ms * 1_000, account_id=question.run.account_id)
        # Paid for: being cancelled now must not lose it.
        await asyncio.shield(self._books.complete(usage_id, usage, answer))
        return answer


def _count(provider: str, model: str, usage: Usage) -> None:
    outcome = "unusable" if usage.state == "answered" and usage.error else usage.state
    MODEL_SECONDS.labels(provider, model, outcome).observe(usage.duration_ms / 1000)
    for kind, tokens in (
        ("input", usage.input_tokens),
        ("cached", usage.cached_tokens),
        ("output", usage.output_tokens),
    ):
        MODEL_TOKENS.labels(model, kind).inc(tokens or 0)
    MODEL_COST_USD.labels(model).inc((usage.cost_nano_usd or 0) * NANO)


def _storable(error: Exception) -> str:
    """What a provider said may stand in it: the books must take it, or what was paid would never be booked."""
    return storable_text(str(error))[:_MOST_ERROR_CHARS]


def _judge(question: Question, reply: Reply) -> tuple[Usage, dict[str, Any] | None]:
    if reply.text is None:
        return reply.usage, None
    try:
        answer = read_answer(question.call.answer, storable_json_text(reply.text))
    except InvalidAnswer as error:
        # The books tell a spoilt answer from a good one by its error.
        return replace(reply.usage, error=_storable(error)), None
    # Cleaned again: an answer that was encoded twice had its escapes hidden.
    return reply.usage, storable_json(answer.model_dump())
