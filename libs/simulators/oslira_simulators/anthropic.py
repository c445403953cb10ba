"""Anthropic's messages, without streaming and tools."""

import contextlib
import json
import secrets
from collections.abc import Iterator, Mapping
from typing import Any, cast

from oslira_simulators.counters import Counters
from oslira_simulators.latency import Latencies
from oslira_simulators.model_rules import ANTHROPIC_MODELS, ModelInventory, check_anthropic
from oslira_simulators.models import MODEL_FAULTS, REASONING_TOKENS, Answer, Question, SimulatedModel
from oslira_simulators.prompt import shown_profile
from oslira_simulators.prompt_cache import PrefixCache, count_tokens, marked_prefixes
from oslira_simulators.routes import Route
from oslira_simulators.wire import Call, Reply, json_reply

_TTLS_S = {"5m": 300.0, "1h": 3600.0}
_ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}


class Anthropic:
    name = "anthropic"

    def __init__(self, *, latencies: Latencies, counters: Counters, inventory: ModelInventory) -> None:
        self.cache = PrefixCache()
        self._inventory = inventory
        self._model = SimulatedModel("anthropic", latencies=latencies, counters=counters)
        self.routes = (
            Route("POST", "/v1/messages", self.create, MODEL_FAULTS),
            Route("GET", "/v1/models", self.list_models),
        )

    def refuse(self, call: Call) -> Reply | None:
        key = call.headers.get("x-api-key") or call.headers.get("authorization", "").removeprefix("Bearer")
        return None if key.strip() else self.error(401, "x-api-key header is required")

    def username_of(self, call: Call) -> str | None:
        with contextlib.suppress(ValueError):
            blocks = [text for text, _ in _blocks(call.json())]
            return shown_profile("\n".join(blocks)).username or None
        return None

    def error(self, status: int, message: str) -> Reply:
        request_id = _new_id("req")
        error = {"type": _ERROR_TYPES.get(status, "api_error"), "message": message}
        return json_reply(
            {"type": "error", "error": error, "request_id": request_id}, status, {"request-id": request_id}
        )

    async def list_models(self, call: Call) -> Reply:  # noqa: ARG002
        data = [
            {
                "type": "model",
                "id": model.name,
                "display_name": model.name,
                "created_at": "2026-01-01T00:00:00Z",
                "lifecycle": "deprecated" if ends else "active",
                "deprecated_at": "2026-06-01T00:00:00Z" if ends else None,
                "retires_at": f"{ends}T00:00:00Z" if ends else None,
                "max_input_tokens": 1_000_000,
                "max_tokens": model.most_output_tokens,
            }
            for model, ends in self._inventory.listed(ANTHROPIC_MODELS)
        ]
        first, last = (data[0]["id"], data[-1]["id"]) if data else (None, None)
        page = {"data": data, "has_more": False, "first_id": first, "last_id": last}
        return json_reply(page, headers={"request-id": _new_id("req")})

    async def create(self, call: Call) -> Reply:
        body = call.json()
        _check_fields(body)
        model = self._inventory.find(ANTHROPIC_MODELS, body["model"])
        if model is None:
            return self.error(404, f"model: {body['model']}")
        is_thinking = check_anthropic(body, model)
        question = _question(body, is_thinking=is_thinking)
        prefixes = marked_prefixes(model=question.model, marked=_marked_prefixes(body))
        read = self.cache.longest_known_tokens(prefixes)
        created = max((prefix.tokens for prefix in prefixes), default=0) - read
        answer = await self._model.ask(question, call)
        self.cache.remember(prefixes)
        fresh = max(0, count_tokens(question.prompt) - read - created)
        self._model.book(
            input=fresh + read + created,
            cached_input=read,
            cache_creation=created,
            output=answer.output_tokens,
        )
        usage = _usage(answer, fresh=fresh, read=read, created=created, is_long="1h" in _ttls(body))
        return json_reply(_message(question, answer, usage), headers={"request-id": _new_id("req")})


def _check_fields(body: Mapping[str, Any]) -> None:
    """Raises ValueError for what the API would refuse."""
    if body.get("stream"):
        raise ValueError("The simulator doesn't stream.")
    for name in ("model", "max_tokens", "messages"):
        if not body.get(name):
            raise ValueError(f"{name}: Field required")


def _question(body: Mapping[str, Any], *, is_thinking: bool) -> Question:
    effort = (body.get("output_config") or {}).get("effort") or "high"  # the API's default
    asked: dict[str, Any] = (body.get("output_config") or {}).get("format") or {}
    schema: dict[str, Any] | None = asked.get("schema")
    text = "\n".join(text for text, _ in _blocks(body))
    return Question(
        model=body["model"],
        prompt=(json.dumps(schema) + "\n" if schema else "") + text,
        profile=shown_profile(text),
        schema=schema,
        schema_name=_schema_name(schema),
        max_output_tokens=int(body["max_tokens"]),
        reasoning_tokens=REASONING_TOKENS[effort] if is_thinking else 0,
    )


def _schema_name(schema: Mapping[str, Any] | None) -> str:
    """The API has no name for a schema: its title, else its properties."""
    if schema is None:
        return "(text)"
    return str(schema.get("title") or "+".join(schema.get("properties", {})))


def _blocks(body: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    """Every text block in the order of the prefix (system, then messages), with the time to live that it is marked with."""
    contents: list[object] = [
        body.get("system"),
        *(message["content"] for message in body.get("messages", [])),
    ]
    for content in contents:
        for block in cast("list[object]", content) if isinstance(content, list) else [content]:
            if isinstance(block, str):
                yield block, None
            elif isinstance(block, dict):
                fields = cast("dict[str, Any]", block)
                control = fields.get("cache_control")
                yield str(fields.get("text", "")), control.get("ttl", "5m") if control else None


def _ttls(body: Mapping[str, Any]) -> set[str]:
    whole = body.get("cache_control")
    return {ttl for _, ttl in _blocks(body) if ttl} | ({whole.get("ttl", "5m")} if whole else set())


def _marked_prefixes(body: Mapping[str, Any]) -> list[tuple[str, float]]:
    """The text up to each marked block, with its time to live in seconds; a mark on the whole request is on its last."""
    blocks = list(_blocks(body))
    if (whole := body.get("cache_control")) and blocks:
        blocks[-1] = (blocks[-1][0], whole.get("ttl", "5m"))
    schema = ((body.get("output_config") or {}).get("format") or {}).get("schema")
    prefix = json.dumps(schema) if schema else ""
    marked: list[tuple[str, float]] = []
    for text, ttl in blocks:
        prefix += ("\n" if prefix else "") + text
        if ttl is not None:
            marked.append((prefix, _TTLS_S.get(ttl, _TTLS_S["5m"])))
    return marked


def _usage(answer: Answer, *, fresh: int, read: int, created: int, is_long: bool) -> dict[str, Any]:
    """`input_tokens` leaves out what the cache read or wrote."""
    return {
        "input_tokens": fresh,
        "cache_creation_input_tokens": created,
        "cache_read_input_tokens": read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": 0 if is_long else created,
            "ephemeral_1h_input_tokens": created if is_long else 0,
        },
        "output_tokens": answer.output_tokens,
        "service_tier": "standard",
    }


def _message(question: Question, answer: Answer, usage: dict[str, Any]) -> dict[str, Any]:
    stop_reason = "refusal" if answer.is_refusal else "max_tokens" if answer.is_cut else "end_turn"
    refusal = {"type": "refusal", "category": None, "explanation": answer.text} if answer.is_refusal else None
    thought = {"type": "thinking", "thinking": "", "signature": "c2ltdWxhdGVk"}
    thoughts = [thought] if answer.reasoning_tokens else []
    texts = [{"type": "text", "text": answer.text}] if answer.text is not None else []
    return {
        "id": _new_id("msg"),
        "type": "message",
        "role": "assistant",
        "model": question.model,
        "content": [] if answer.is_refusal else [*thoughts, *texts],
        "stop_reason": stop_reason,
        "stop_details": refusal,
        "stop_sequence": None,
        "usage": usage,
    }


def _new_id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(12)}"
