"""Common code for both providers' SDKs: mapping of errors, the repair request, and parsing of untrusted JSON."""

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, cast

from oslira_shared.retry_after import read_retry_after
from oslira_shared.secrets import Secret

from oslira_analysis.application.model_ports import ProviderFailed, Reply, RequestRefused
from oslira_analysis.application.rows import Usage

# The request is invalid for this provider: a retry gives the same error.
_REFUSED: Final = frozenset({400, 404, 405, 413, 415, 422})
# Our key is invalid: a retry does not help, another provider may.
_KEY_REFUSED: Final = frozenset({401, 403})
# Our budget there is spent, in both providers' messages and under several statuses, including 400. A short wait does not help.
_USED_UP: Final = (
    "insufficient_quota", "exceeded your current quota", "billing_hard_limit", "billing hard limit", "billing_not_active",
    "billing_error", "credit balance is too low", "api usage limits", "you will regain access",
)  # fmt: skip
# Our account is closed, also sent with 400.
_CLOSED: Final = ("organization has been disabled", "account_deactivated", "account has been deactivated")
_WRITTEN_IN: Final = {"text": "text", "output_text": "text", "tool_use": "input"}
_CODE: Final = re.compile(r"\w{1,60}", re.ASCII)
# Shorter than the minute after which servers and load balancers close an idle connection.
_IDLE_CONNECTION_S: Final = 45.0


@dataclass(frozen=True, slots=True)
class Connection:
    """The connection to a provider. `api_key` is read for each request; `timeout_s` is for a request with its whole answer."""

    api_key: Secret
    base_url: str
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Answered:
    """A provider's JSON and headers, and the duration."""

    body: dict[str, Any]
    headers: Mapping[str, str]
    duration_ms: int


def kept_alive() -> Any:
    """Connections that stay open between two runs' calls: a new one costs three round trips to the provider."""
    import httpx2  # noqa: PLC0415  # what both SDKs speak through; it comes with them

    return httpx2.Limits(
        max_connections=1000, max_keepalive_connections=100, keepalive_expiry=_IDLE_CONNECTION_S
    )


def since_ms(started: float) -> int:
    """Milliseconds since a monotonic time."""
    return round((time.monotonic() - started) * 1000)


def repair_request(fault: str) -> str:
    """The message after an unusable answer. `fault` names fields and rules, and never contains untrusted text."""
    return (
        f"Your previous answer could not be used ({fault}). Answer again: the whole object that the schema asks for, "
        "valid, and short enough to be complete."
    )


def failure_of(error: Exception) -> ProviderFailed | RequestRefused:
    """Map an SDK's error to ours."""
    reason = type(error).__name__
    status = getattr(error, "status_code", None)
    if not isinstance(status, int):
        # Not retried after a whole time limit: another provider may be faster.
        is_slow = isinstance(error, TimeoutError) or "Timeout" in reason
        return ProviderFailed(reason, is_retryable=not is_slow, may_cost=not _is_unsent(error))
    reason, text = f"{status} {reason}", str(error).lower()
    if status == 402 or any(sign in text for sign in _USED_UP):  # noqa: PLR2004
        return ProviderFailed(reason, is_retryable=False, trouble="used_up")
    if status in _KEY_REFUSED or any(sign in text for sign in _CLOSED):
        return ProviderFailed(reason, is_retryable=False, trouble="key_refused")
    if status in _REFUSED:
        return RequestRefused(reason)
    retry_after_s = _retry_after_s(error)
    if status == 429:  # noqa: PLR2004
        return ProviderFailed(reason, is_retryable=False, trouble="limited", retry_after_s=retry_after_s)
    # A load balancer that timed out does not know whether its server generated an answer.
    return ProviderFailed(
        reason,
        is_retryable=retry_after_s is None,
        may_cost=status == 504,  # noqa: PLR2004
        retry_after_s=retry_after_s,
    )


def _is_unsent(error: BaseException) -> bool:
    """No connection was made, so the request was not processed."""
    found: BaseException | None = error
    while found is not None:
        if type(found).__name__ in {"ConnectError", "ConnectTimeout", "PoolTimeout"}:
            return True
        found = found.__cause__ or found.__context__
    return False


def _retry_after_s(error: Exception) -> float | None:
    headers = getattr(getattr(error, "response", None), "headers", None)
    if headers is None:
        return None
    return read_retry_after(headers.get("retry-after"), now=datetime.now(UTC), date=headers.get("date"))


def reply_of(answered: Answered, read: Callable[[Answered], tuple[str | None, Usage]]) -> Reply:
    """`read` gives (text, usage). A body outside the provider's contract counts as no answer."""
    if (
        code := _error_in(answered.body)
    ) is not None:  # a proxy in front of the provider replaced its status with 200
        raise ProviderFailed(f"200 with an error: {code}", is_retryable=True)
    try:
        text, usage = read(answered)
    except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
        raise ProviderFailed(
            f"unreadable answer: {type(error).__name__}", is_retryable=True, may_cost=True
        ) from error
    return Reply(usage, text)


def text_of(content: object) -> str:
    """The model's text: a text, or the texts of a list of parts; "" for none. The arguments of a tool call count as text.

    Other kinds of parts, such as thoughts, are ignored.
    """
    if content is None or isinstance(content, str):
        return content or ""
    parts = [json_object(part) for part in cast("list[object]", content)]
    return "".join(
        as_text(part.get(_WRITTEN_IN[kind])) for part in parts if (kind := part.get("type")) in _WRITTEN_IN
    )


def as_text(value: object) -> str:
    """A text unchanged, "" for None, and the JSON of anything else."""
    return value if isinstance(value, str) else "" if value is None else json.dumps(value)


def _error_in(body: dict[str, Any]) -> str | None:
    """The code of an error body, without its message; None for any other body."""
    error = body.get("error")
    if not error or "choices" in body or "content" in body:
        return None
    named = cast("dict[str, Any]", error) if isinstance(error, dict) else {}
    code = str(named.get("code") or named.get("type") or "unnamed")
    return code if _CODE.fullmatch(code) else "unnamed"


def json_object(value: object) -> dict[str, Any]:
    """Raises TypeError for anything else."""
    if not isinstance(value, dict):
        raise TypeError("a JSON object is needed")
    return cast("dict[str, Any]", value)
