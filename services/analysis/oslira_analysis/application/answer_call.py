"""One model call: a stored answer, else the first provider with one repair, else the fallback provider.

One layer of retries: none in the SDKs, two here, then the run's row waits for its next attempt.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import structlog
from oslira_shared.contracts.points import Metric
from oslira_shared.observability import trace
from oslira_shared.observability.points import Points
from oslira_shared.outside_text import storable_json, storable_json_text, storable_text

from oslira_analysis.application.model_ports import (
    UNANSWERED,
    AnswerUnusable,
    CallHistory,
    CallRecords,
    ModelBusy,
    ModelChoices,
    ModelNotFound,
    ModelProvider,
    ProviderFailed,
    Question,
    Reply,
    RequestRefused,
)
from oslira_analysis.application.rows import Run, Usage
from oslira_analysis.application.supplier_failures import record_failure
from oslira_analysis.domain.breaker import Breaker
from oslira_analysis.domain.models.calls import MOST_PAID_REQUESTS, Call
from oslira_analysis.domain.models.model_catalogue import Provider
from oslira_analysis.domain.models.model_table import Choice
from oslira_analysis.domain.prompts.prompt import Prompt
from oslira_analysis.domain.results.answer_schema import InvalidAnswer, check_answer, read_answer
from oslira_analysis.domain.snooze import unanswered_wait_s
from oslira_analysis.metrics import MODEL_COST_USD, MODEL_SECONDS, MODEL_TOKENS, NANO, SUPPLIER_TROUBLES

_LOG = structlog.get_logger()
_MOST_ERROR_CHARS: Final = 500


@dataclass(slots=True)
class ProviderSlot:
    """A provider and its breaker.

    The breaker belongs to this process; watch_suppliers.py shares its state with the other processes.
    """

    provider: ModelProvider
    breaker: Breaker


class _NoModelLeft(Exception):  # noqa: N818
    """The provider has no model for the call. Another provider may have one."""


class RecordedModels:
    """Implements Models, over providers in order of preference."""

    def __init__(
        self,
        records: CallRecords,
        slots: tuple[ProviderSlot, ...],
        choices: ModelChoices,
        *,
        clock_s: Callable[[], float],
        points: Points,
        pauses_s: tuple[float, ...] = (0.5, 1.5),
    ) -> None:
        self._records = records
        self._slots = slots
        self._choices = choices
        self._clock_s = clock_s
        self._points = points
        self._pauses_s = pauses_s

    async def answer(self, run: Run, call: Call, prompt: Prompt) -> dict[str, Any]:
        history = await self._records.load(run, call)
        if history.answer is not None:
            try:
                return check_answer(call.answer, history.answer).model_dump()
            except InvalidAnswer as error:  # stored by another version, for another schema
                _LOG.warning("stored_answer_unusable", call=call.name, reason=str(error))
                await self._records.discard(run, call)
        busy: list[ModelBusy] = []
        unusable: list[str] = []
        gone: list[str] = []
        for slot in self._slots:
            try:
                return await self._ask(slot, run, call, prompt, history)
            except ModelBusy as error:
                busy.append(error)
            except AnswerUnusable as error:
                unusable.append(str(error))
            except _NoModelLeft as error:
                gone.append(str(error))
            _LOG.warning("model_falls_back", provider=slot.provider.name, call=call.name)
        # An outage is temporary: unusable answers so far are recorded. Without any model an operator has to act.
        if busy or not unusable:
            raise ModelBusy("; ".join([*map(str, busy), *gone]), retry_after_s=_soonest_s(busy))
        raise AnswerUnusable("; ".join(unusable))

    async def _ask(
        self, slot: ProviderSlot, run: Run, call: Call, prompt: Prompt, history: CallHistory
    ) -> dict[str, Any]:
        name, pauses_s = slot.provider.name, iter(self._pauses_s)
        not_found: set[str] = set()
        while True:
            choice = self._choice(call, name, not_found)
            self._check(slot, run, call, history)
            unusable = history.unusable_of(name)
            try:
                with trace.span(f"model {call.name}", kind="client", provider=name, model=choice.model):
                    answer = await self._once(slot, Question(run, call, choice, prompt, unusable.fault))
            except ModelNotFound:  # the next choice is its successor, if it has one
                not_found.add(choice.model)
                await self._choices.note_removed(name, choice.model)
            except ProviderFailed as error:
                pause_s = next(pauses_s, None) if error.is_retryable else None
                if pause_s is None:
                    raise ModelBusy(
                        f"{name} {call.name}: {error}", retry_after_s=error.retry_after_s
                    ) from error
                await asyncio.sleep(pause_s)
                history = await self._records.load(run, call)
            except RequestRefused as error:
                raise AnswerUnusable(f"{name} {call.name}: {error}") from error
            else:
                if answer is not None:
                    return answer
                history = await self._records.load(run, call)

    def _choice(self, call: Call, provider: Provider, not_found: set[str]) -> Choice:
        choice = self._choices.choose(call, provider)
        if choice is None or choice.model in not_found:
            raise _NoModelLeft(f"{provider} {call.name}: no model is left")
        return choice

    def _check(self, slot: ProviderSlot, run: Run, call: Call, history: CallHistory) -> None:
        """Check that another request to the provider is allowed. Raises AnswerUnusable or ModelBusy."""
        name = slot.provider.name
        # Counted over all attempts of the run, because each was or may have been billed: this bounds the cost of a call.
        unusable = history.unusable_of(name)
        if unusable.answers >= MOST_PAID_REQUESTS:
            raise AnswerUnusable(f"{name} {call.name}: {unusable.fault}")
        unanswered = history.unanswered.get(name, 0)
        if (wait_s := unanswered_wait_s(unanswered, run.snoozed_for_s)) > 0:
            raise ModelBusy(f"{name} {call.name}: no answer to {unanswered} requests", retry_after_s=wait_s)
        if (hold := slot.breaker.held(self._clock_s())) is not None:
            raise ModelBusy(f"{name}: {hold.reason}", retry_after_s=hold.left_s)

    async def _once(self, slot: ProviderSlot, question: Question) -> dict[str, Any] | None:
        """One recorded request; None if its answer is unusable."""
        started_s = self._clock_s()
        usage_id = await self._records.create(question, slot.provider.name)
        try:
            reply = await slot.provider.ask(question)
        except (ProviderFailed, RequestRefused, ModelNotFound) as error:
            now_s, reason = self._clock_s(), _storable(error)
            if isinstance(error, ProviderFailed):
                record_failure(slot.breaker, now_s, error)
                SUPPLIER_TROUBLES.labels(slot.provider.name, error.trouble).inc()
                reason = f"{UNANSWERED}{reason}" if error.may_cost else reason
            elif isinstance(error, RequestRefused):  # it works, and rejects this request
                slot.breaker.succeeded(now_s)
            # A rejection before the model does not count as an answer of the model.
            usage = Usage("failed", round((now_s - started_s) * 1000), error=reason)
            _count(slot.provider.name, question.model, usage)
            await self._records.complete(usage_id, usage, None)
            raise
        slot.breaker.succeeded(self._clock_s())
        usage, answer = _judge(question, reply)
        _count(slot.provider.name, question.model, usage)
        label = f"{question.call.name} {question.model}"
        self._points.emit(Metric.CALL, label, usage.duration_ms * 1_000, account_id=question.run.account_id)
        # Already paid for: a cancel at this point must not lose it.
        await asyncio.shield(self._records.complete(usage_id, usage, answer))
        return answer


def _soonest_s(busy: Sequence[ModelBusy]) -> float | None:
    """The first retry time of all providers. None if one of them may recover at any time."""
    asked_s = [error.retry_after_s for error in busy if error.retry_after_s is not None]
    return min(asked_s, default=None) if len(asked_s) == len(busy) else None


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
    """The text may contain provider output. It must be storable, or the cost would never be recorded."""
    return storable_text(str(error))[:_MOST_ERROR_CHARS]


def _judge(question: Question, reply: Reply) -> tuple[Usage, dict[str, Any] | None]:
    if reply.text is None:
        return reply.usage, None
    try:
        answer = read_answer(question.call.answer, storable_json_text(reply.text))
    except InvalidAnswer as error:
        # Records with an error are unusable answers.
        return replace(reply.usage, error=reply.usage.error or _storable(error)), None
    # Cleaned again: an answer that was encoded twice contained hidden escapes.
    return replace(reply.usage, state="answered", error=None), storable_json(answer.model_dump())
