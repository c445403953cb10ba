"""OpenAI's models, through its SDK."""

import json
import time
from typing import Any, Final

from pydantic import BaseModel

from oslira_analysis.application.ports import Question, Reply
from oslira_analysis.application.rows import Usage
from oslira_analysis.domain.answer_schema import json_schema_strict
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


class OpenAIModels:
    """The port ModelProvider."""

    name = "openai"

    def __init__(self, connection: Connection, gateway: AIGateway | None = None) -> None:
        self._connection = connection
        self._gateway = gateway
        self.client: MadeOnce[Any] = MadeOnce(self._make_client)

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
        from openai import AsyncOpenAI, DefaultAsyncHttpxClient  # noqa: PLC0415  # seconds of CPU: not at start

        client = AsyncOpenAI(
            api_key=self._connection.api_key(),
            base_url=self._gateway.base_url(self.name) if self._gateway else self._connection.base_url,
            max_retries=0,
            timeout=self._connection.timeout_s,
            http_client=DefaultAsyncHttpxClient(limits=kept_alive()),
        )
        _ = client.chat.completions.with_raw_response  # the SDK loads these parts when they are first used
        for answer in ANSWERS:
            _schema(answer)
        return client


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


def _read(answered: Answered, model: str) -> tuple[str | None, Usage]:
    choice, used = answered.body["choices"][0], answered.body["usage"]
    input_tokens, output_tokens = int(used["prompt_tokens"]), int(used["completion_tokens"])
    cached_tokens = int((used.get("prompt_tokens_details") or {}).get("cached_tokens") or 0)
    message = choice["message"]
    text, state, error = message.get("content"), "answered", None
    if message.get("refusal") or choice.get("finish_reason") == "content_filter":
        text, state, error = None, "refused", "refused"
    elif choice.get("finish_reason") == "length":
        text, state, error = None, "cut_short", "cut short by the token limit"
    cost = cost_nano_usd(
        OpenAIModels.name,
        model,
        input_tokens=input_tokens,
        cached_tokens=cached_tokens,
        output_tokens=output_tokens,
    )
    return text if state != "answered" else text or "", Usage(
        state,
        answered.duration_ms,
        input_tokens=input_tokens,
        cached_tokens=cached_tokens,
        output_tokens=output_tokens,
        cost_nano_usd=0 if is_hit(answered.headers) else cost,
        error=error,
    )


def _schema(answer: type[BaseModel]) -> dict[str, Any]:
    if answer not in _SCHEMAS:
        _SCHEMAS[answer] = json_schema_strict(answer)
    return _SCHEMAS[answer]


_SCHEMAS: Final[dict[type[BaseModel], dict[str, Any]]] = {}
