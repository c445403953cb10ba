"""JSON logs with run, account and request ids, and no personal data: names of people's things never get through."""

import logging
import re
import sys
from typing import Any, Final

import structlog

# Keys that would carry a profile, a person, a secret or a prompt. Dropped wherever they appear, however they got there.
PERSONAL: Final = frozenset(
    {
        "username", "usernames", "full_name", "email", "name", "biography", "caption", "profile", "item", "prompt", "answer",
        "body", "headers", "authorization", "cookie", "token", "password", "secret", "ticket", "url", "query", "payload",
    }
)  # fmt: skip


_LEFT_OUT: Final = "[left out]"
# Where the texts of pydantic's and Postgres's errors show what they were given.
_SHOWN_VALUES: Final = re.compile(r"(?<=input_value=).*?(?=, input_type=)|(?<=\nDETAIL:  )[^\n]*", re.DOTALL)


def _drop_personal(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    cleaned: dict[str, Any] = _without_personal(event)
    for key in ("exception", "reason"):
        if isinstance(text := cleaned.get(key), str):
            cleaned[key] = _SHOWN_VALUES.sub(_LEFT_OUT, text)
    return cleaned


def _without_personal(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _LEFT_OUT if k in PERSONAL else _without_personal(v) for k, v in value.items()}
    return [_without_personal(part) for part in value] if isinstance(value, (list, tuple)) else value


def configure(service: str, *, level: str = "INFO") -> None:
    """One JSON object a line on standard output, for structlog and the standard library alike."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _drop_personal,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stdout),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(
        logging.WARNING
    )  # libraries: an INFO line of an HTTP client names URLs, and those name profiles
