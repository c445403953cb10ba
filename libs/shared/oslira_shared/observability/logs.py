"""JSON logs with run, account and request ids, and without personal data: scrub.py removes it."""

import logging
import sys
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, TypeAlias

import structlog

from oslira_shared.observability.scrub import PERSONAL, REDACTED, scrub_value, scrubbed_trace

# Made from an error by _write_trace, which has scrubbed it: the quoted texts there are file names.
_TRACE: Final = "exception"


Listener: TypeAlias = Callable[[MutableMapping[str, Any]], None]
_listeners: Final[list[Listener]] = []


def tell(listener: Listener) -> None:
    """Pass `listener` every line's event from now on, as it was logged, with its error: it must scrub what it sends."""
    _listeners.append(listener)


def _tell_listeners(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    for listener in _listeners:
        with suppress(Exception):  # logging an error must not raise another one
            listener(event)
    return event


def _write_trace(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    event.pop(_TRACE, None)
    given = event.pop("exc_info", None)
    error = given if isinstance(given, BaseException) else given[1] if isinstance(given, tuple) else None
    if error is None and given:
        error = sys.exc_info()[1]
    if error is not None:
        event[_TRACE] = scrubbed_trace(error)
    return event


def _scrub(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    return {
        key: REDACTED
        if key in PERSONAL
        else value
        if key == _TRACE or key.startswith("_")
        else scrub_value(value)
        for key, value in event.items()
    }


def configure(service: str, *, level: str = "INFO") -> None:
    """One JSON object per line on standard output, for structlog and the standard library."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _tell_listeners,
        _write_trace,
        _scrub,
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
    sys.excepthook = _log_death


def _log_death(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Replaces the interpreter's own report, which shows the error's text unscrubbed."""
    if isinstance(error, Exception):
        structlog.get_logger().critical("process_died", exc_info=error)
    else:
        sys.__excepthook__(kind, error, trace)
