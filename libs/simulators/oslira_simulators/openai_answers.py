"""OpenAI's answers as JSON."""

import secrets
import time
from collections.abc import Mapping
from typing import Any

from oslira_simulators.models import Answer, Question
from oslira_simulators.prompt_cache import count_tokens


def new_id(prefix: str) -> str:
    """As OpenAI's ids look."""
    return f"{prefix}_{secrets.token_hex(12)}"


def completion(question: Question, answer: Answer, cache: Mapping[str, int]) -> dict[str, Any]:
    """Of /v1/chat/completions."""
    message = {
        "role": "assistant",
        "content": None if answer.is_refusal else answer.text or "",
        "refusal": answer.text if answer.is_refusal else None,
        "annotations": [],
    }
    finish_reason = "length" if answer.is_cut else "stop"
    prompt_tokens = count_tokens(question.prompt)
    return {
        "id": new_id("chatcmpl"),
        "object": "chat.completion",
        "created": int(time.time()),
        "model": question.model,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish_reason}],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": answer.output_tokens,
            "total_tokens": prompt_tokens + answer.output_tokens,
            "prompt_tokens_details": {**cache, "audio_tokens": 0},
            "completion_tokens_details": {
                "reasoning_tokens": answer.reasoning_tokens,
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
        },
        "service_tier": "default",
        "system_fingerprint": "fp_simulated",
    }


def response(question: Question, answer: Answer, cache: Mapping[str, int]) -> dict[str, Any]:
    """Of /v1/responses."""
    status = "incomplete" if answer.is_cut else "completed"
    part = (
        {"type": "refusal", "refusal": answer.text}
        if answer.is_refusal
        else {"type": "output_text", "text": answer.text, "annotations": [], "logprobs": []}
    )
    message = {
        "id": new_id("msg"),
        "type": "message",
        "role": "assistant",
        "status": status,
        "content": [part],
    }
    input_tokens = count_tokens(question.prompt)
    return {
        "id": new_id("resp"),
        "object": "response",
        "created_at": int(time.time()),
        "status": status,
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if answer.is_cut else None,
        "instructions": None,
        "max_output_tokens": question.max_output_tokens,
        "model": question.model,
        "output": [
            *([{"id": new_id("rs"), "type": "reasoning", "summary": []}] if answer.reasoning_tokens else []),
            *([message] if answer.text is not None else []),
        ],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": input_tokens,
            "input_tokens_details": dict(cache),
            "output_tokens": answer.output_tokens,
            "output_tokens_details": {"reasoning_tokens": answer.reasoning_tokens},
            "total_tokens": input_tokens + answer.output_tokens,
        },
        "metadata": {},
    }
