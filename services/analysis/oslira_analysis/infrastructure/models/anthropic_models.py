"""Anthropic's models, through its SDK: the fallback of OpenAI's, with the same schema and prompt."""

import functools
import time
from datetime import date
from typing import Any

from pydantic import BaseModel

from oslira_analysis.application.model_ports import Question, Reply
from oslira_analysis.application.rows import Usage
from oslira_analysis.domain.models.calls import ANSWERS
from oslira_analysis.domain.models.model_catalogue import ANTHROPIC, Provider
from oslira_analysis.domain.results.answer_schema import json_schema_strict, without_bounds
from oslira_analysis.infrastructure.models.model_errors import model_not_found
from oslira_analysis.infrastructure.models.provider_requests import (
    Answered,
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


class AnthropicModels(SdkModels):
    """Implements ModelProvider."""

    name: Provider = ANTHROPIC

    async def ask(self, question: Question) -> Reply:
        started = time.monotonic()
        try:
            client = await self.connected()
            raw = await self.exchange(
                client.messages.with_raw_response.create(
                    **_request(question),
                    # The SDK authenticates only with `Authorization`, which a gateway uses for itself.
                    extra_headers={
                        "x-api-key": client.api_key,
                        **(self._gateway.headers(question) if self._gateway else {}),
                    },
                )
            )
            answered = Answered(json_object(await raw.json()), raw.headers, since_ms(started))
        except Exception as error:
            raise (model_not_found(error) or failure_of(error)) from error
        return reply_of(answered, lambda found: self._read(found, question))

    async def _list(self, client: Any, headers: dict[str, str]) -> dict[str, date | None]:
        page = await client.models.list(limit=1_000, extra_headers={"x-api-key": client.api_key, **headers})
        return {model.id: read_date(model.retires_at) async for model in page if model.lifecycle != "retired"}

    def _make_client(self, arguments: dict[str, Any]) -> Any:
        from anthropic import AsyncAnthropic, DefaultAsyncHttpxClient  # noqa: PLC0415  # seconds of CPU: not at start

        client = AsyncAnthropic(**arguments, http_client=DefaultAsyncHttpxClient(limits=kept_alive()))
        _ = client.messages.with_raw_response  # the SDK loads these parts lazily
        for answer in ANSWERS:
            _schema(answer)
        return client

    def _read(self, answered: Answered, question: Question) -> tuple[str | None, Usage]:
        text, outcome = text_of(answered.body["content"]), Outcome()
        if answered.body.get("stop_reason") == "refusal":
            outcome = REFUSED
        elif answered.body.get("stop_reason") in {"max_tokens", "model_context_window_exceeded"}:
            outcome = CUT_SHORT
        usage = self._usage(answered, outcome, known_or_none(_tokens, answered.body), question, text)
        return (None if outcome == REFUSED else text), usage


def _tokens(body: dict[str, Any]) -> Tokens:
    """Anthropic's `input_tokens` exclude tokens that the cache read or wrote; our records include them."""
    used = body["usage"]
    cached = int(used.get("cache_read_input_tokens") or 0)
    written = int(used.get("cache_creation_input_tokens") or 0)
    return Tokens(
        input=int(used["input_tokens"]) + cached + written,
        output=int(used["output_tokens"]),
        cached=cached,
        cache_write=written,
    )


def _request(question: Question) -> dict[str, Any]:
    choice, prompt = question.choice, question.prompt
    content = [{"type": "text", "text": prompt.user}]
    if question.fault is not None:
        content.append({"type": "text", "text": repair_request(question.fault)})
    output: dict[str, Any] = {"format": {"type": "json_schema", "schema": _schema(question.call.answer)}}
    request: dict[str, Any] = {
        "model": choice.model,
        "max_tokens": choice.max_tokens,
        # Caches the part that is the same for every profile of a business.
        "system": [{"type": "text", "text": prompt.system, "cache_control": {"type": "ephemeral"}}],
        "messages": [{"role": "user", "content": content}],
        "output_config": output,
    }
    # Set in each request: the default differs between models, and thinking counts into `max_tokens`.
    if choice.effort is not None:
        output["effort"] = choice.effort
    if choice.thinking is not None:
        request["thinking"] = {"type": choice.thinking}
    return request


@functools.cache
def _schema(answer: type[BaseModel]) -> dict[str, Any]:
    return without_bounds(json_schema_strict(answer))
