"""OpenAI's models, through its SDK."""

import functools
import json
import time
from datetime import date
from typing import Any

from pydantic import BaseModel

from oslira_analysis.application.model_ports import Question, Reply
from oslira_analysis.application.rows import Usage
from oslira_analysis.domain.models.calls import ANSWERS
from oslira_analysis.domain.models.model_catalogue import OPENAI, Provider
from oslira_analysis.domain.results.answer_schema import json_schema_strict
from oslira_analysis.infrastructure.models.model_errors import model_not_found
from oslira_analysis.infrastructure.models.provider_requests import (
    Answered,
    as_text,
    failure_of,
    json_object,
    kept_alive,
    repair_request,
    reply_of,
    since_ms,
    text_of,
)
from oslira_analysis.infrastructure.models.sdk_models import (
    CUT_SHORT,
    REFUSED,
    Outcome,
    SdkModels,
    Tokens,
    known_or_none,
    read_date,
)


class OpenAIModels(SdkModels):
    """Implements ModelProvider."""

    name: Provider = OPENAI

    async def ask(self, question: Question) -> Reply:
        started = time.monotonic()
        try:
            # The raw response: parsing a truncated one raises and loses its usage, and has no headers.
            client = await self.connected()
            raw = await self.exchange(
                client.chat.completions.with_raw_response.create(
                    **_request(question),
                    extra_headers=self._gateway.headers(question) if self._gateway else None,
                )
            )
            answered = Answered(json_object(json.loads(raw.text)), raw.headers, since_ms(started))
        except Exception as error:
            raise (model_not_found(error) or failure_of(error)) from error
        return reply_of(answered, lambda found: self._read(found, question))

    async def _list(self, client: Any, headers: dict[str, str]) -> dict[str, date | None]:
        page = await client.models.list(extra_headers=headers)
        return {model.id: read_date(model.shutdown_date) async for model in page}

    def _make_client(self, arguments: dict[str, Any]) -> Any:
        from openai import AsyncOpenAI, DefaultAsyncHttpxClient  # noqa: PLC0415  # seconds of CPU: not at start

        client = AsyncOpenAI(**arguments, http_client=DefaultAsyncHttpxClient(limits=kept_alive()))
        _ = client.chat.completions.with_raw_response  # the SDK loads these parts lazily
        for answer in ANSWERS:
            _schema(answer)
        return client

    def _read(self, answered: Answered, question: Question) -> tuple[str | None, Usage]:
        choice = answered.body["choices"][0]
        message = choice["message"]
        text, refusal = _text(message), message.get("refusal")
        outcome = Outcome()
        if refusal or choice.get("finish_reason") == "content_filter":
            outcome = REFUSED
        elif choice.get("finish_reason") == "length":
            outcome = CUT_SHORT
        usage = self._usage(answered, outcome, known_or_none(_tokens, answered.body), question, text)
        return (None if outcome == REFUSED else text), usage


def _text(message: dict[str, Any]) -> str:
    """An answer as the arguments of a function call is also accepted, although requests offer no functions."""
    calls: list[dict[str, Any]] = message.get("tool_calls") or []
    functions = [*(call.get("function") for call in calls), message.get("function_call")]
    arguments = [function.get("arguments") for function in functions if function]
    return "\n".join([text_of(message.get("content")), *map(as_text, arguments)])


def _tokens(body: dict[str, Any]) -> Tokens:
    used = body["usage"]
    details = used.get("prompt_tokens_details") or {}
    return Tokens(
        input=int(used["prompt_tokens"]),
        output=int(used["completion_tokens"]),
        cached=int(details.get("cached_tokens") or 0),
        cache_write=int(details.get("cache_write_tokens") or 0),
    )


def _request(question: Question) -> dict[str, Any]:
    call, choice, prompt = question.call, question.choice, question.prompt
    system: dict[str, Any] = {"type": "text", "text": prompt.system}
    request: dict[str, Any] = {
        "model": choice.model,
        "messages": [{"role": "system", "content": [system]}, {"role": "user", "content": prompt.user}],
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": call.name, "strict": True, "schema": _schema(call.answer)},
        },
        "max_completion_tokens": choice.max_tokens,
        "prompt_cache_key": _prompt_cache_key(question),
    }
    if question.fault is not None:
        request["messages"].append({"role": "user", "content": repair_request(question.fault)})
    if choice.has_cache_breakpoints:
        # Only the prefix that the next profile of the same business shares is written to the cache, because writing costs extra.
        system["prompt_cache_breakpoint"] = {"mode": "explicit"}
        request["prompt_cache_options"] = {"mode": "explicit"}
    if choice.temperature is not None:
        request["temperature"] = choice.temperature
    if choice.effort is not None:
        request["reasoning_effort"] = choice.effort
    return request


def _prompt_cache_key(question: Question) -> str:
    """OpenAI routes requests with the same key to the server that caches their prefix: one key for each task and business."""
    run = question.run
    return f"{question.call.task}:{run.business_profile_id or run.account_id}"


@functools.cache
def _schema(answer: type[BaseModel]) -> dict[str, Any]:
    return json_schema_strict(answer)
