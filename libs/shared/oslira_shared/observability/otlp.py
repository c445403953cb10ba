"""Spans to an OpenTelemetry collector, over OTLP/HTTP. Imported only where OTEL_EXPORTER_OTLP_ENDPOINT is set.

Spans are made by trace.py; of the SDK only its record, its batching and its exporter are used. Everything is sent: whether a trace
is worth keeping depends on how its run ended, which only a collector knows (tail sampling). While the collector is unavailable,
spans that don't fit into the queue are dropped, and nothing waits for it.
"""

from collections.abc import Callable
from typing import Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from oslira_shared.observability import trace

_SCOPE: Final = InstrumentationScope("oslira")
_SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)


def start(service: str, env: str, endpoint: str, *, timeout_s: float = 2.0) -> Callable[[], None]:
    """Send every span of this process to `endpoint`. The returned function sends the rest and stops; it may take seconds.

    `timeout_s` is for one request, and limits its retries.
    """
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=timeout_s)
    processor = BatchSpanProcessor(
        exporter, schedule_delay_millis=1_000, export_timeout_millis=timeout_s * 1_000
    )
    resource = Resource(
        {"service.name": service, "service.namespace": "oslira", "deployment.environment.name": env}
    )

    def send(one: trace.Span) -> None:
        processor.on_end(
            ReadableSpan(
                name=one.name,
                context=_context(one.context, is_remote=False),
                parent=None if one.parent is None else _context(one.parent, is_remote=True),
                resource=resource,
                attributes=one.attributes,
                links=[Link(_context(link, is_remote=True)) for link in one.links],
                kind=SpanKind[one.kind.upper()],
                status=Status(StatusCode.ERROR, one.error) if one.error else Status(StatusCode.UNSET),
                start_time=one.started_ns,
                end_time=one.ended_ns,
                instrumentation_scope=_SCOPE,
            )
        )

    forget = trace.keep_spans(send)

    def stop() -> None:
        forget()
        processor.shutdown()

    return stop


def _context(context: trace.Context, *, is_remote: bool) -> SpanContext:
    return SpanContext(
        int(context.trace_id, 16), int(context.span_id, 16), is_remote=is_remote, trace_flags=_SAMPLED
    )
