"""Model calls through OpenAI's SDK: booked before the request, validated and kept after it."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import structlog
from pydantic import BaseModel

from oslira_analysis.application.ports import AnswerUnusable, ModelBusy
from oslira_analysis.application.rows import Run
from oslira_analysis.domain.answer_schema import InvalidAnswer, json_schema_strict, read_answer
from oslira_analysis.domain.calls import Call
from oslira_analysis.domain.prompt import Prompt
from oslira_analysis.infrastructure.model_prices import cost_nano_usd
from oslira_analysis.infrastructure.postgres_calls import PostgresCalls, Usage

_LOG = structlog.get_logger()
_PROVIDER: Final = "openai"
# One layer of retries: none in the SDK, two here, then the row with its backoff.
_PAUSES_S: Final = (0.5, 1.5)
# Asked for once more; what comes back then counts.
_REPAIRS: Final = 1


@dataclass(frozen=True, slots=True)
class _Reply:
    """What came back: `answer` if it fits the schema, else `fault`."""

    usage: Usage
    answer: dict[str, Any] | None
    fault: str | None


class OpenAIModels:
    """The port Models."""

    def __init__(self, calls: PostgresCalls, *, api_key: str, base_url: str, timeout_s: float) -> None:
        self._calls = calls
        self._api_key = api_key
        self._base_url = base_url
        self._timeout_s = timeout_s
        self._client: Any = None

    async def answer(self, run: Run, call: Call, prompt: Prompt) -> dict[str, Any]:
        busy, repairs, fault = 0, 0, ""
        while True:
            usage_id, kept = await self._calls.book(
                run, call=call.name, provider=_PROVIDER, model=call.model, prompt_version=prompt.version
            )
            if kept is not None:
                return kept
            try:
                reply = await self._ask(usage_id, call, prompt)
            except ModelBusy:
                if busy == len(_PAUSES_S):
                    raise
                await asyncio.sleep(_PAUSES_S[busy])
                busy += 1
                continue
            if reply.answer is not None:
                return reply.answer
            fault = reply.fault or ""
            if repairs == _REPAIRS:
                raise AnswerUnusable(f"{call.name}: {fault}")
            repairs += 1

    async def close(self) -> None:
        """Close the connections to the provider."""
        if self._client is not None:
            await self._client.close()

    async def _ask(self, usage_id: UUID, call: Call, prompt: Prompt) -> _Reply:
        started = time.monotonic()
        try:
            completion = await self._request(call, prompt)
        except Exception as error:
            usage = Usage("failed", _since_ms(started), error=type(error).__name__)
            await self._calls.complete(usage_id, usage, None)
            if _is_final(error):
                raise AnswerUnusable(f"{call.name}: {type(error).__name__}") from error
            raise ModelBusy(f"{call.name}: {type(error).__name__}") from error
        reply = _read(completion, call, _since_ms(started))
        await self._calls.complete(usage_id, reply.usage, reply.answer)
        return reply

    async def _request(self, call: Call, prompt: Prompt) -> Any:
        # `create` and not `parse`: an answer cut short raises there, and its usage is lost.
        extra = {} if call.temperature is None else {"temperature": call.temperature}
        return await self._connected().chat.completions.create(
            model=call.model,
            messages=[
                {"role": "system", "content": prompt.system},
                {"role": "user", "content": prompt.user},
            ],
            response_format={
                "type": "json_schema",
                "json_schema": {"name": call.name, "strict": True, "schema": _schema(call.answer)},
            },
            max_completion_tokens=call.output_tokens,
            **extra,
        )

    def _connected(self) -> Any:
        if self._client is None:
            from openai import AsyncOpenAI  # noqa: PLC0415  # seconds of CPU: not at start

            self._client = AsyncOpenAI(
                api_key=self._api_key, base_url=self._base_url, max_retries=0, timeout=self._timeout_s
            )
        return self._client


def _read(completion: Any, call: Call, duration_ms: int) -> _Reply:
    choice, used = completion.choices[0], completion.usage
    details = used.prompt_tokens_details
    cached_tokens = (details.cached_tokens or 0) if details else 0

    def usage(state: str, error: str | None = None) -> Usage:
        return Usage(
            state,
            duration_ms,
            input_tokens=used.prompt_tokens,
            cached_tokens=cached_tokens,
            output_tokens=used.completion_tokens,
            cost_nano_usd=cost_nano_usd(
                _PROVIDER,
                call.model,
                input_tokens=used.prompt_tokens,
                cached_tokens=cached_tokens,
                output_tokens=used.completion_tokens,
            ),
            error=error,
        )

    if choice.message.refusal:
        return _Reply(usage("refused"), None, "refused")
    if choice.finish_reason == "length":
        return _Reply(usage("cut_short"), None, "cut short")
    try:
        answer = read_answer(call.answer, choice.message.content or "")
    except InvalidAnswer as error:
        return _Reply(usage("answered", error=str(error)), None, str(error))
    return _Reply(usage("answered"), answer.model_dump(mode="json"), None)


def _is_final(error: Exception) -> bool:
    """A request that is wrong stays wrong; everything else may pass later."""
    from openai import APIStatusError  # noqa: PLC0415

    return isinstance(error, APIStatusError) and error.status_code in {400, 404, 413, 422}


def _schema(answer: type[BaseModel]) -> dict[str, Any]:
    if answer not in _SCHEMAS:
        _SCHEMAS[answer] = json_schema_strict(answer)
    return _SCHEMAS[answer]


_SCHEMAS: Final[dict[type[BaseModel], dict[str, Any]]] = {}


def _since_ms(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
