"""A simulated OpenTelemetry collector on this machine: receives spans over OTLP/HTTP, and stores them."""

from collections.abc import Iterator
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from oslira_devstack.listener import Listener


class OtlpCollector(Listener):
    """`with OtlpCollector() as collector:` services that have `collector.endpoint` send their spans to it."""

    def __init__(self) -> None:
        super().__init__("otlp-collector", self._take)
        self.requests: list[Any] = []

    @property
    def endpoint(self) -> str:
        """What OTEL_EXPORTER_OTLP_ENDPOINT has to be."""
        return f"http://127.0.0.1:{self.port}"

    def spans(self) -> Iterator[tuple[str, Any]]:
        """(service, span) of all received so far; the span as its protobuf message."""
        for request in list(self.requests):
            for resource in request.resource_spans:
                names = {one.key: one.value.string_value for one in resource.resource.attributes}
                for scope in resource.scope_spans:
                    for span in scope.spans:
                        yield names["service.name"], span

    def _take(self, body: bytes, _encoding: str | None) -> bytes:
        self.requests.append(ExportTraceServiceRequest.FromString(body))
        return b""
