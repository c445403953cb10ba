"""Spans as a collector receives them, over a real HTTP server; an unavailable collector blocks nothing."""

import time

import pytest
from oslira_devstack.otlp_collector import OtlpCollector
from oslira_shared.ids import new_id
from oslira_shared.observability import otlp, trace


def test_a_collector_gets_the_run_as_one_trace() -> None:
    run_id, caller = new_id(), trace.new_trace()
    with OtlpCollector() as collector:
        stop = otlp.start("credits", "development", collector.endpoint)
        with (
            trace.span("settle", under=trace.of_row(run_id), links=(caller,), captured=1),
            pytest.raises(ValueError, match="x"),
            trace.span("ask", kind="client"),
        ):
            raise ValueError("x")
        stop()
        (service, ask), (_, settle) = collector.spans()
    assert service == "credits"
    assert {one.trace_id.hex() for one in (ask, settle)} == {run_id.hex}
    assert ask.parent_span_id == settle.span_id
    assert settle.parent_span_id.hex() == run_id.hex[16:]
    assert (ask.status.message, settle.status.message) == ("ValueError", "")
    assert settle.links[0].trace_id.hex() == caller.trace_id
    assert trace.current() is None


def test_an_unavailable_collector_delays_no_request() -> None:
    stop = otlp.start("credits", "development", "http://127.0.0.1:9", timeout_s=0.2)
    started = time.monotonic()
    for _ in range(5_000):  # more than the queue takes
        with trace.span("step", under=trace.of_row(new_id())):
            pass
    assert time.monotonic() - started < 2
    stop()
    assert time.monotonic() - started < 3
