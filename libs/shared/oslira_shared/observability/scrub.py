"""What may be reported of a failure outside: its kind, its place in the code and its terms; never a person or a value.

Every log line and every Sentry event is formed by these functions. Error texts quote their input: Postgres a row, pydantic an input,
boto3 and HTTP clients an address with a name in it, a provider's SDK a whole answer. So of a text only the part before its first
quotation mark and after its last is kept, without addresses; and of an event only the fields named here.
"""

import re
import traceback
from collections.abc import Mapping
from typing import Any, Final

from oslira_shared.observability.server_words import is_servers_own, server_words

# Keys that would hold a profile, a person, a secret or a prompt. Redacted wherever they appear.
PERSONAL: Final = frozenset(
    {
        "username", "usernames", "full_name", "email", "name", "biography", "caption", "profile", "item", "prompt", "answer",
        "body", "headers", "authorization", "cookie", "token", "password", "secret", "ticket", "url", "query", "payload",
    }
)  # fmt: skip
REDACTED: Final = "[redacted]"
# The rest is cut off: an error may repeat a whole answer, and the patterns below are slow on long texts.
_MAX_CHARS: Final = 2_000
_RULES: Final = (
    # pydantic: only the value, so that the field and the rule stay.
    (re.compile(r"(?<=input_value=).*?(?=, input_type=)", re.DOTALL), REDACTED),
    # Postgres: the row, and what follows it (HINT, CONTEXT, QUERY).
    (re.compile(r"\s*\bDETAIL:.*", re.DOTALL), f"\nDETAIL:  {REDACTED}"),
    # From the first quotation mark to the last, of any kind: marks within a value look the same as its ends.
    (re.compile("[\"'`\u2018\u201c\u00ab].*[\"'`\u2019\u201d\u00bb]", re.DOTALL), REDACTED),
    # The server stays, the path and the login do not.
    (
        re.compile(r"\b([a-z][a-z0-9+.-]*://)(?:[^\s/@]*@)?([^\s/?#]*)[/?#]\S*", re.IGNORECASE),
        rf"\1\2/{REDACTED}",
    ),
    (re.compile(r"\b([a-z][a-z0-9+.-]*://)[^\s/@]*@", re.IGNORECASE), r"\1"),
    # Our own keys and addresses: a profile, a token, a search. A route's template stays.
    (re.compile(r"(\bprofiles/v\d+|/v\d+/invitations)/(?!\{)\S*"), rf"\1/{REDACTED}"),
    (re.compile(r"\?[\w.\[\]-]+=\S*"), f"?{REDACTED}"),
    (re.compile(r"[^\s@<(\[]{0,64}@[^\s@>)\],;]+"), REDACTED),
)


def scrub_text(text: str) -> str:
    """`text` without values, addresses and quoted names; only its first 2,000 characters."""
    if len(text) > _MAX_CHARS:
        text = f'{text[:_MAX_CHARS]} …"'  # ends what is quoted there
    for pattern, instead in _RULES:
        text = pattern.sub(instead, text)
    return text


def scrub_value(value: Any) -> Any:
    """A log line's value: texts are scrubbed, values of personal keys are redacted, at any depth."""
    if isinstance(value, str):
        return scrub_text(value)
    if isinstance(value, Mapping):
        return {key: REDACTED if key in PERSONAL else scrub_value(part) for key, part in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [scrub_value(part) for part in value]
    # Other types would be written as their repr.
    return value if value is None or isinstance(value, (bool, int, float)) else scrub_text(str(value))


def scrubbed_trace(error: BaseException) -> str:
    """The traceback as Python writes it, causes first, with each error's text scrubbed."""
    return "\n".join(_traces(error, seen=set()))


def _text_of(error: BaseException) -> str:
    return server_words(error) if is_servers_own(error) else str(error)


def _traces(error: BaseException, *, seen: set[int]) -> list[str]:
    seen.add(id(error))
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    lines = [*_traces(before, seen=seen), ""] if before is not None and id(before) not in seen else []
    frames = "".join(traceback.format_tb(error.__traceback__)).rstrip()
    lines += [part for part in ("Traceback (most recent call last):" if frames else "", frames) if part]
    lines.append(f"{type(error).__qualname__}: {scrub_text(_text_of(error))}")
    for inner in error.exceptions if isinstance(error, BaseExceptionGroup) else ():
        lines += ["", *_traces(inner, seen=seen)]
    return lines


# The parts of an event for Sentry. Anything else (the request, the user, breadcrumbs, variables, arguments) is removed.
_OF_EVENT: Final = (
    "event_id",
    "timestamp",
    "platform",
    "level",
    "logger",
    "release",
    "environment",
    "server_name",
    "fingerprint",
    "sdk",
)
_OF_ERROR: Final = ("type", "module", "thread_id")
_OF_FRAME: Final = ("filename", "module", "function", "lineno", "context_line", "in_app")
_OF_MECHANISM: Final = ("type", "handled", "exception_id", "parent_id", "is_exception_group")
# Our own ids and codes; see also the keys of log lines.
_TAGS: Final = frozenset(
    {
        "service", "run_id", "account_id", "request_id", "trace_id", "hold_id", "event_id", "row_id", "scrape_id", "bulk_id",
        "endpoint_id", "code", "event", "subject", "consumer", "loop", "job", "table", "route", "method", "provider", "call",
    }
)  # fmt: skip
_OF_TRACE: Final = ("trace_id", "span_id", "parent_span_id")


def scrub_event(event: Any, _hint: Any = None) -> Any:
    """Sentry's `before_send`. Returns None, which sends nothing, unless it is an error event: spans contain addresses."""
    if event.get("type") not in {None, "event", "error"}:
        return None
    kept = _some(event, _OF_EVENT)
    if errors := (event.get("exception") or {}).get("values"):
        kept["exception"] = {"values": [_error(error) for error in errors]}
    for key in ("message", "logentry"):
        if (text := _words(event.get(key))) is not None:
            kept["logentry"] = {"message": scrub_text(text)}
    tags = event.get("tags") or {}
    kept["tags"] = {
        key: scrub_text(str(value))
        for key, value in (tags.items() if isinstance(tags, Mapping) else tags)
        if key in _TAGS
    }
    if trace := (event.get("contexts") or {}).get("trace"):
        kept["contexts"] = {"trace": _some(trace, _OF_TRACE)}
    return kept


def _error(error: Mapping[str, Any]) -> dict[str, Any]:
    kept = _some(error, _OF_ERROR)
    kept["value"] = scrub_text(str(error.get("value") or ""))
    if mechanism := error.get("mechanism"):
        kept["mechanism"] = _some(mechanism, _OF_MECHANISM)
    if frames := (error.get("stacktrace") or {}).get("frames"):
        kept["stacktrace"] = {"frames": [_some(frame, _OF_FRAME) for frame in frames]}
    return kept


def _words(entry: Any) -> str | None:
    """The text of a log entry before its arguments were inserted: those may be personal."""
    if isinstance(entry, Mapping):
        entry = entry.get("message") or entry.get("formatted")
    return entry if isinstance(entry, str) and entry else None


def _some(whole: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: whole[key] for key in keys if whole.get(key) is not None}
