"""OpenAI's chat completions and responses, without streaming and tools."""

import contextlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

from oslira_simulators.counters import Counters
from oslira_simulators.latency import Latencies
from oslira_simulators.model_rules import (
    OPENAI_MODELS,
    ModelInventory,
    Refusal,
    SupplierModel,
    check_openai,
)
from oslira_simulators.models import MODEL_FAULTS, REASONING_TOKENS, Answer, Question, SimulatedModel
from oslira_simulators.openai_answers import completion, new_id, response
from oslira_simulators.prompt import shown_profile
from oslira_simulators.prompt_cache import (
    PrefixCache,
    count_tokens,
    marked_prefixes,
    openai_prefixes,
)
from oslira_simulators.routes import Route
from oslira_simulators.strict_schema import strict_schema_problem
from oslira_simulators.wire import Call, Reply, json_reply

_LONG_RETENTION_S = 24 * 3600.0
_ERROR_TYPES = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "requests"}


class OpenAI:
    name = "openai"

    def __init__(
        self, *, latencies: Latencies, counters: Counters, cache_ttl_s: float, inventory: ModelInventory
    ) -> None:
        self.cache = PrefixCache()
        self._inventory = inventory
        self._cache_ttl_s = cache_ttl_s
        self._model = SimulatedModel("openai", latencies=latencies, counters=counters)
        self.routes = (
            Route("POST", "/v1/chat/completions", self.chat, MODEL_FAULTS),
            Route("POST", "/v1/responses", self.respond, MODEL_FAULTS),
            Route("GET", "/v1/models", self.list_models),
        )

    def refuse(self, call: Call) -> Reply | None:
        if call.headers.get("authorization", "").removeprefix("Bearer").strip():
            return None
        return self.error(401, "You didn't provide an API key.")

    def username_of(self, call: Call) -> str | None:
        with contextlib.suppress(ValueError):
            body = call.json()
            return shown_profile(_text_of(body.get("messages") or body.get("input"))).username or None
        return None

    def error(self, status: int, message: str) -> Reply:
        error_type = _ERROR_TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")
        code = {401: "invalid_api_key", 429: "rate_limit_exceeded"}.get(status)
        return _error(status, message, error_type=error_type, code=code)

    async def list_models(self, call: Call) -> Reply:  # noqa: ARG002
        data = [
            {
                "id": model.name,
                "object": "model",
                "created": 1_750_000_000,
                "owned_by": "system",
                "shutdown_date": str(ends) if ends else None,
            }
            for model, ends in self._inventory.listed(OPENAI_MODELS)
        ]
        return json_reply({"object": "list", "data": data}, headers=_headers())

    async def chat(self, call: Call) -> Reply:
        try:
            return await self._chat(call)
        except Refusal as refusal:
            return _refused(refusal)

    async def respond(self, call: Call) -> Reply:
        try:
            return await self._respond(call)
        except Refusal as refusal:
            return _refused(refusal)

    async def _chat(self, call: Call) -> Reply:
        body = call.json()
        model = self._model_of(body)
        effort = body.get("reasoning_effort")
        check_openai(body, model, effort=effort)
        asked: dict[str, Any] = body.get("response_format") or {}
        question = _question(
            body,
            messages=body.get("messages"),
            form=asked.get("json_schema") if asked.get("type") == "json_schema" else None,
            reasoning_tokens=_reasoning_tokens(model, effort),
            limit=body.get("max_completion_tokens") or body.get("max_tokens"),
        )
        answer, cache = await self._ask(question, call, model)
        return json_reply(completion(question, answer, cache), headers=_headers())

    async def _respond(self, call: Call) -> Reply:
        body = call.json()
        model = self._model_of(body)
        effort = (body.get("reasoning") or {}).get("effort")
        check_openai(body, model, effort=effort)
        asked: dict[str, Any] = (body.get("text") or {}).get("format") or {}
        question = _question(
            body,
            messages=[{"content": body.get("instructions") or ""}, {"content": body.get("input")}],
            form=asked if asked.get("type") == "json_schema" else None,
            reasoning_tokens=_reasoning_tokens(model, effort),
            limit=body.get("max_output_tokens"),
        )
        answer, cache = await self._ask(question, call, model)
        return json_reply(response(question, answer, cache), headers=_headers())

    def _model_of(self, body: Mapping[str, Any]) -> SupplierModel:
        name = str(body.get("model") or "")
        if not name:
            raise Refusal("you must provide a model parameter")
        if (found := self._inventory.find(OPENAI_MODELS, name)) is None:
            raise Refusal(
                f"The model `{name}` does not exist or you do not have access to it.",
                status=404,
                code="model_not_found",
            )
        return found

    async def _ask(
        self, question: Question, call: Call, model: SupplierModel
    ) -> tuple[Answer, dict[str, int]]:
        """The answer, and how many tokens of the prompt were read from and written to the cache."""
        body = call.json()
        is_kept_long = body.get("prompt_cache_retention") == "24h"
        ttl_s = _LONG_RETENTION_S if is_kept_long else self._cache_ttl_s
        if (body.get("prompt_cache_options") or {}).get("mode") == "explicit":
            marked = [(text, ttl_s) for text in _marked_prefixes(body, question)]
            prefixes = marked_prefixes(model=question.model, marked=marked)
        else:
            prefixes = openai_prefixes(model=question.model, prompt=question.prompt, ttl_s=ttl_s)
        cached = self.cache.longest_known_tokens(prefixes)
        longest = max((prefix.tokens for prefix in prefixes), default=0)
        written = longest - cached if model.writes_cost else 0
        answer = await self._model.ask(question, call)
        self.cache.remember(prefixes)
        self._model.book(
            input=count_tokens(question.prompt),
            cached_input=cached,
            cache_creation=written,
            output=answer.output_tokens,
            reasoning=answer.reasoning_tokens,
        )
        return answer, {"cached_tokens": cached, "cache_write_tokens": written}


def _question(
    body: Mapping[str, Any],
    *,
    messages: object,
    form: Mapping[str, Any] | None,
    reasoning_tokens: int,
    limit: int | None,
) -> Question:
    """Raises ValueError with the API's own words for what it would refuse."""
    if body.get("stream"):
        raise ValueError("The simulator doesn't stream.")
    if not messages:
        raise ValueError("Missing required parameter: 'messages' or 'input'.")
    schema = form.get("schema") if form else None
    if form and schema and form.get("strict") and (problem := strict_schema_problem(schema)):
        raise ValueError(f"Invalid schema for response_format '{form.get('name')}': {problem}")
    text = _text_of(messages)
    return Question(
        model=body["model"],
        # the schema goes before the system message, and so it's part of the prefix that caches
        prompt=(json.dumps(schema) + "\n" if schema else "") + text,
        profile=shown_profile(text),
        schema=schema,
        schema_name=str(form.get("name")) if form else "(text)",
        max_output_tokens=limit,
        reasoning_tokens=reasoning_tokens,
    )


def _reasoning_tokens(model: SupplierModel, effort: str | None) -> int:
    return REASONING_TOKENS[effort or "medium"] if model.efforts else 0


def _marked_prefixes(body: Mapping[str, Any], question: Question) -> list[str]:
    """The prompt up to each block of the messages that a breakpoint is on."""
    texts: list[str] = []
    found: list[str] = []
    schema = json.dumps(question.schema) + "\n" if question.schema else ""
    for part in _parts(body["messages"]):
        texts.append(_text_of(part))
        if isinstance(part, dict) and "prompt_cache_breakpoint" in part:
            found.append(schema + "\n".join(texts))
    return found


def _parts(messages: list[dict[str, Any]]) -> Iterator[object]:
    for message in messages:
        content: object = message["content"]
        yield from cast("list[object]", content) if isinstance(content, list) else [content]


def _refused(refusal: Refusal) -> Reply:
    return _error(
        refusal.status,
        str(refusal),
        error_type="invalid_request_error",
        param=refusal.param,
        code=refusal.code,
    )


def _error(
    status: int, message: str, *, error_type: str, param: str | None = None, code: str | None = None
) -> Reply:
    error = {"message": message, "type": error_type, "param": param, "code": code}
    return json_reply({"error": error}, status, {"x-request-id": new_id("req")})


def _text_of(content: object) -> str:
    """All text of messages, items or parts, in order, one under the other."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(_text_of(part) for part in cast("list[object]", content))
    if isinstance(content, dict):
        fields = cast("dict[str, object]", content)
        return _text_of(fields.get("content", fields.get("text")))
    return ""


def _headers() -> dict[str, str]:
    return {"x-request-id": new_id("req"), "openai-processing-ms": "1", "openai-version": "2020-10-01"}
