"""Anthropic's models, through its SDK: what OpenAI's fall back to, with the same schema and the same prompt."""

import time
from typing import Any, Final

from pydantic import BaseModel

from oslira_analysis.application.ports import Question, Reply
from oslira_analysis.application.rows import Usage
from oslira_analysis.domain.answer_schema import json_schema_strict, without_bounds
from oslira_analysis.domain.calls import ANSWERS
from oslira_analysis.infrastructure.ai_gateway import AIGateway, is_hit
from oslira_analysis.infrastructure.made_once import MadeOnce
from oslira_analysis.infrastructure.model_prices import cost_nano_usd
from oslira_analysis.infrastructure.provider_requests import (
    Answered,
    Connection,
    failure_of,
    json_object,
    kept_alive,
    repair_request,
    reply_of,
    since_ms,
)


class AnthropicModels:
    """The port ModelProvider."""

    name = "anthropic"

    def __init__(self, connection: Connection, gateway: AIGateway | None = None) -> None:
        self._connection = connection
        self._gateway = gateway
        self.client: MadeOnce[Any] = MadeOnce(self._make_client)

    async def ask(self, question: Question) -> Reply:
        started = time.monotonic()
        try:
            client = await self.connected()
            raw = await client.messages.with_raw_response.create(
                **_request(question),
                # The SDK says who we are in `Authorization` alone, which a gateway takes for its own.
                extra_headers={
                    "x-api-key": client.api_key,
                    **(self._gateway.headers(question) if self._gateway else {}),
                },
            )
            answered = Answered(json_object(await raw.json()), raw.headers, since_ms(started))
        except Exception as error:
            raise failure_of(error) from error
        return reply_of(answered, lambda found: _read(found, question.model))

    async def connected(self) -> Any:
        """The client, with the key of now."""
        client = await self.client.ready()
        client.api_key = self._connection.api_key()
        return client

    async def close(self) -> None:
        """Close the connections."""
        if (client := self.client.made) is not None:
            await client.close()

    def _make_client(self) -> Any:
        from anthropic import AsyncAnthropic, DefaultAsyncHttpxClient  # noqa: PLC0415  # seconds of CPU: not at start

        client = AsyncAnthropic(
            api_key=self._connection.api_key(),
            base_url=self._gateway.base_url(self.name) if self._gateway else self._connection.base_url,
            max_retries=0,
            timeout=self._connection.timeout_s,
            http_client=DefaultAsyncHttpxClient(limits=kept_alive()),
        )
        _ = client.messages.with_raw_response  # the SDK loads these parts when they are first used
        for answer in ANSWERS:
            _schema(answer)
        return client


def _request(question: Question) -> dict[str, Any]:
    call, prompt = question.call, question.prompt
    content = [{"type": "text", "text": prompt.user}]
    if question.fault is not None:
        content.append({"type": "text", "text": repair_request(question.fault)})
    return {
        "model": question.model,
        "max_tokens": call.output_tokens,
        # Caches what is the same for every profile of a business.
        "system": [{"type": "text", "text": prompt.system, "cache_control": {"type": "ephemeral"}}],
        "messages": [{"role": "user", "content": content}],
        "output_config": {"format": {"type": "json_schema", "schema": _schema(call.answer)}},
    }


def _read(answered: Answered, model: str) -> tuple[str | None, Usage]:
    body, used = answered.body, answered.body["usage"]
    cached_tokens = int(used.get("cache_read_input_tokens") or 0)
    written_tokens = int(used.get("cache_creation_input_tokens") or 0)
    # `input_tokens` leaves out what the cache read or wrote; our books mean all of it.
    input_tokens = int(used["input_tokens"]) + cached_tokens + written_tokens
    output_tokens = int(used["output_tokens"])
    text, state, error = _text(body), "answered", None
    if body.get("stop_reason") == "refusal":
        text, state, error = None, "refused", "refused"
    elif body.get("stop_reason") in {"max_tokens", "model_context_window_exceeded"}:
        text, state, error = None, "cut_short", "cut short by the token limit"
    cost = cost_nano_usd(
        AnthropicModels.name,
        model,
        input_tokens=input_tokens,
        cached_tokens=cached_tokens,
        output_tokens=output_tokens,
        cache_write_tokens=written_tokens,
    )
    return text, Usage(
        state,
        answered.duration_ms,
        input_tokens=input_tokens,
        cached_tokens=cached_tokens,
        output_tokens=output_tokens,
        cost_nano_usd=0 if is_hit(answered.headers) else cost,
        error=error,
    )


def _text(body: dict[str, Any]) -> str:
    return "".join(block["text"] for block in body["content"] if block["type"] == "text")


def _schema(answer: type[BaseModel]) -> dict[str, Any]:
    if answer not in _SCHEMAS:
        _SCHEMAS[answer] = without_bounds(json_schema_strict(answer))
    return _SCHEMAS[answer]


_SCHEMAS: Final[dict[type[BaseModel], dict[str, Any]]] = {}
