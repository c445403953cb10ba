"""One run is one trace, through every service: its trace id is the run id's own 128 bits.

So nothing has to be stored, and a sweep after a crash, or a message without headers, belongs to the same trace. W3C
`traceparent` headers only name the parent span. Log lines carry `trace_id`; spans are kept only with a sink
(observability/otlp.py), and otherwise cost a few assignments.
"""

import os
import re
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from structlog.contextvars import bound_contextvars

HEADER: Final = "traceparent"
_TRACEPARENT: Final = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}")
Kind = Literal["internal", "server", "client", "producer", "consumer"]


@dataclass(frozen=True, slots=True)
class Context:
    """A span's context: 32 and 16 lower-case hexadecimal digits, neither all zeros."""

    trace_id: str
    span_id: str

    @property
    def traceparent(self) -> str:
        """As a header; always sampled: the collector decides which traces are kept."""
        return f"00-{self.trace_id}-{self.span_id}-01"


@dataclass(slots=True)
class Span:
    """A timed operation. `attributes` are bounded words, numbers and our own ids: no name, no text of a profile.

    `is_kept`: False for one that is left out of a sample.
    """

    name: str
    context: Context
    parent: Context | None
    kind: Kind
    started_ns: int
    ended_ns: int = 0
    error: str | None = None
    is_kept: bool = True
    links: tuple[Context, ...] = ()
    attributes: dict[str, str | int | float | bool] = field(
        default_factory=dict[str, str | int | float | bool]
    )


Sink = Callable[[Span], None]
_current: Final[ContextVar[Context | None]] = ContextVar("trace", default=None)
_sinks: Final[list[Sink]] = []


def keep_spans(sink: Sink) -> Callable[[], None]:
    """Pass every span that ends from now on to `sink`; the returned function stops that. It must neither block nor raise."""
    _sinks.append(sink)
    return lambda: _sinks.remove(sink)


def current() -> Context | None:
    """The current span's context, if there is one."""
    return _current.get()


def parse(traceparent: str | None) -> Context | None:
    """A well-formed header of version 00, else None."""
    found = _TRACEPARENT.fullmatch(traceparent or "")
    return Context(found[1], found[2]) if found else None


def of_row(row_id: UUID) -> Context:
    """The root of a run's (or bulk's) trace: the span from its accept to its end."""
    return Context(row_id.hex, row_id.hex[16:])


def continued(row_id: UUID) -> Context:
    """The parent of a span about this run: the current span if it is in the same trace, else the root."""
    here = current()
    return here if here is not None and here.trace_id == row_id.hex else of_row(row_id)


def new_trace() -> Context:
    """A trace without a run; its span id is that of a parent that is never exported."""
    return Context(os.urandom(16).hex(), os.urandom(8).hex())


def headers() -> dict[str, str]:
    """The context in a message's or request's headers."""
    here = current()
    return {} if here is None else {HEADER: here.traceparent}


@contextmanager
def span(
    name: str,
    *,
    under: Context | None = None,
    kind: Kind = "internal",
    is_root: bool = False,
    links: tuple[Context, ...] = (),
    **attributes: str | float | bool,
) -> Generator[Span]:
    """A span around the block, under `under`, else under the current span, else in a trace of its own.

    `is_root`: it has no parent. Its name and attributes may be changed until the end. An exception is named by its type.
    """
    above = under or current() or new_trace()
    # Without a sink the span would not be exported, so its children may as well have its parent.
    here = Context(above.trace_id, os.urandom(8).hex()) if _sinks else above
    one = Span(
        name, here, None if is_root else above, kind, time.time_ns(), links=links, attributes=dict(attributes)
    )
    token = _current.set(here)
    try:
        with bound_contextvars(trace_id=here.trace_id):
            yield one
    except BaseException as error:
        one.error = type(error).__name__
        raise
    finally:
        _current.reset(token)
        one.ended_ns = time.time_ns()
        _tell(one)


@contextmanager
def received(message_headers: Mapping[str, str] | None, name: str, kind: Kind) -> Generator[None]:
    """A message being handled: under the context of its headers, else without a trace, until the handler knows the run."""
    above = parse((message_headers or {}).get(HEADER))
    if above is None:
        yield
    else:
        with span(name, under=above, kind=kind):
            yield


def ended(
    row_id: UUID, name: str, *, started_at: datetime, ended_at: datetime, **attributes: str | float | bool
) -> None:
    """Export the root of a run's trace, once the run has ended."""
    root = Span(
        name, of_row(row_id), None, "internal", _ns(started_at), _ns(ended_at), attributes=dict(attributes)
    )
    _tell(root)


def _tell(one: Span) -> None:
    for sink in _sinks if one.is_kept else ():
        sink(one)


def _ns(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000) * 1_000
