"""Answers of models as they come on a bad day: the text, and the shape in which a provider passes it on."""

import json
from collections.abc import Callable
from typing import Any, Final, cast

from oslira_simulators.wire import Reply, json_reply

_MALFORMED: Final = 'Certainly! Here is the assessment: {"score": 7'
_APOLOGY: Final = "I'm sorry, but I wasn't able to assess this profile. Could you share more about it?"
_ERROR: Final = "The server had an error while processing your request."
_QUOTA: Final = {
    "openai": (
        429,
        {
            "error": {
                "message": "You exceeded your current quota, please check your plan and billing details.",
                "type": "insufficient_quota",
                "param": None,
                "code": "insufficient_quota",
            }
        },
    ),
    "anthropic": (
        400,
        {
            "type": "error",
            "error": {
                "type": "invalid_request_error",
                "message": "Your credit balance is too low to access the Anthropic API. "
                "Please go to Plans & Billing to upgrade or purchase credits.",
            },
        },
    ),
}


def odd_text(kind: str | None, text: str) -> str:
    """What the model says under that fault; `text` under any other."""
    return _SAID[kind](text) if kind in _SAID else text


def refusal_of(kind: str, provider: str) -> Reply:
    """insufficient_quota: the account has no money left. error_body_200: an error that calls itself a success."""
    status, body = _QUOTA[provider] if kind == "insufficient_quota" else (200, _error_body(provider))
    return json_reply(body, status)


def odd_reply(kind: str, provider: str, reply: Reply) -> Reply:
    """A good answer in the shape that the fault gives it; `reply` itself under any other fault."""
    if reply.status != 200 or kind not in _RESHAPED:
        return reply
    body: dict[str, Any] = json.loads(reply.body)
    return json_reply(_RESHAPED[kind](provider, body), headers=reply.headers)


def _no_usage(_provider: str, body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != "usage"}


def _error_body(provider: str) -> dict[str, Any]:
    error = {"type": "server_error" if provider == "openai" else "api_error", "message": _ERROR}
    return {"error": error} if provider == "openai" else {"type": "error", "error": error}


def _parts(provider: str, body: dict[str, Any]) -> dict[str, Any]:
    """OpenAI's text as a list of parts; Anthropic's in two blocks."""
    if provider == "openai" and (choices := body.get("choices")):
        message = choices[0]["message"]
        message["content"] = [{"type": "text", "text": message["content"]}]
    elif provider == "anthropic":
        body["content"] = [half for block in body["content"] for half in _halves(block)]
    return body


def _halves(block: dict[str, Any]) -> list[dict[str, Any]]:
    """A text block as two of them; any other as it is."""
    if block["type"] != "text":
        return [block]
    text: str = block["text"]
    middle = len(text) // 2
    return [{"type": "text", "text": part} for part in (text[:middle], text[middle:])]


def _null_content(provider: str, body: dict[str, Any]) -> dict[str, Any]:
    """The thoughts, and no answer."""
    if provider == "openai" and (choices := body.get("choices")):
        message = choices[0]["message"]
        message |= {"content": None, "reasoning_content": message["content"]}
    elif provider == "anthropic":
        body["content"] = [block for block in body["content"] if block["type"] != "text"]
    return body


_RESHAPED: Final[dict[str, Callable[[str, dict[str, Any]], dict[str, Any]]]] = {
    "no_usage": _no_usage,
    "parts": _parts,
    "null_content": _null_content,
}


def _with_last_character(text: str, character: str) -> str:
    """JSON whose longest string ends in that character, as an escape."""
    value: object = json.loads(text)
    longest = max(_strings(value), key=len, default="")
    return json.dumps(_replaced(value, longest, longest[:-1] + character))


def _strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [text for inner in _inside(value) for text in _strings(inner)]


def _inside(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(cast("dict[str, object]", value).values())
    return cast("list[object]", value) if isinstance(value, list) else []


def _replaced(value: object, old: str, new: str) -> object:
    if isinstance(value, dict):
        return {name: _replaced(inner, old, new) for name, inner in cast("dict[str, object]", value).items()}
    if isinstance(value, list):
        return [_replaced(inner, old, new) for inner in cast("list[object]", value)]
    return new if value == old else value


def _numbers_as_text(value: object) -> object:
    if isinstance(value, dict):
        return {name: _numbers_as_text(inner) for name, inner in cast("dict[str, object]", value).items()}
    if isinstance(value, list):
        return [_numbers_as_text(inner) for inner in cast("list[object]", value)]
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


_SAID: Final[dict[str | None, Callable[[str], str]]] = {
    "malformed": lambda _: _MALFORMED,
    "apology": lambda _: _APOLOGY,
    "fenced": lambda text: f"```json\n{text}\n```",
    "doubled": lambda text: f"{text}\n{text}\n\nLet me know if you need anything else!",
    "half_emoji": lambda text: _with_last_character(text, "\ud83d"),
    "nul": lambda text: _with_last_character(text, "\x00"),
    "text_numbers": lambda text: json.dumps(_numbers_as_text(json.loads(text)), ensure_ascii=False),
}
