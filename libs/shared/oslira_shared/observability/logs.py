"""JSON logs with run, account and request ids, and no personal data: names of people's things never get through."""

import logging
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


def _drop_personal(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    for key in PERSONAL & event.keys():
        event[key] = "[left out]"
    return event


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
