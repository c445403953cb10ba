"""OpenAI's models, through its SDK."""

import functools
import json
import time
from typing import Any

from pydantic import BaseModel

from oslira_analysis.application.model_ports import Question, Reply
from oslira_analysis.application.rows import Usage
from oslira_analysis.domain.answer_schema import json_schema_strict
from oslira_analysis.domain.calls import ANSWERS
from oslira_analysis.infrastructure.provider_requests import (
    Answered,
    failure_of,
    json_object,
    kept_alive,
    repair_request,
    reply_of,
    since_ms,
    text_of,
)
from oslira_analysis.infrastructure.sdk_models import (
    CUT_SHORT,
    REFUSED,
    Outcome,
    SdkModels,
    Tokens,
    known_or_none,
)


class OpenAIModels(SdkModels):
    """The port ModelProvider."""

    name = "openai"

    async def ask(self, question: Question) -> Reply:
        started = time.monotonic()
        try:
            # The raw response: a parsed one that was cut short raises and loses its usage, and has no headers.
            client = await self.connected()
            raw = await client.chat.completions.with_raw_response.create(
                **_request(question),
                extra_headers=self._gateway.headers(question) if self._gateway else None,
            )
            answered = Answered(json_object(json.loads(raw.text)), raw.headers, since_ms(started))
        except Exception as error:
            raise failure_of(error) from error
        return reply_of(answered, lambda found: self._read(found, question))

    def _make_client(self, arguments: dict[str, Any]) -> Any:
        from openai import AsyncOpenAI, DefaultAsyncHttpxClient  # noqa: PLC0415  # seconds of CPU: not at start

        client = AsyncOpenAI(**arguments, http_client=DefaultAsyncHttpxClient(limits=kept_alive()))
        _ = client.chat.completions.with_raw_response  # the SDK loads these parts when they are first used
        for answer in ANSWERS:
            _schema(answer)
        return client

    def _read(self, answered: Answered, question: Question) -> tuple[str | None, Usage]:
        choice = answered.body["choices"][0]
        message = choice["message"]
        text, refusal = text_of(message.get("content")), message.get("refusal")
        outcome = Outcome()
        if refusal or choice.get("finish_reason") == "content_filter":
            outcome = REFUSED
        elif choice.get("finish_reason") == "length":
            outcome = CUT_SHORT
        usage = self._usage(answered, outcome, known_or_none(_tokens, answered.body), question, text)
        return (None if outcome.error else text), usage


def _tokens(body: dict[str, Any]) -> Tokens:
    used = body["usage"]
    return Tokens(
        input=int(used["prompt_tokens"]),
        output=int(used["completion_tokens"]),
        cached=int((used.get("prompt_tokens_details") or {}).get("cached_tokens") or 0),
    )


def _request(question: Question) -> dict[str, Any]:
    call, prompt = question.call, question.prompt
    messages = [{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.user}]
    if question.fault is not None:
        messages.append({"role": "user", "content": repair_request(question.fault)})
    schema = {"name": call.name, "strict": True, "schema": _schema(call.answer)}
    request: dict[str, Any] = {
        "model": question.model,
        "messages": messages,
        "response_format": {"type": "json_schema", "json_schema": schema},
        "max_completion_tokens": call.output_tokens,
    }
    if call.temperature is not None:
        request["temperature"] = call.temperature
    if call.effort is not None:
        request["reasoning_effort"] = call.effort
    return request


@functools.cache
def _schema(answer: type[BaseModel]) -> dict[str, Any]:
    return json_schema_strict(answer)
