"""Where a span belongs: the trace of its run, for any cause; and no external caller can choose it."""

import asyncio
from collections.abc import Generator
from datetime import UTC, datetime, timedelta

import pytest
import structlog
from oslira_shared.ids import derived_id, new_id
from oslira_shared.observability import trace


@pytest.fixture
def spans() -> Generator[list[trace.Span]]:
    kept: list[trace.Span] = []
    forget = trace.keep_spans(kept.append)
    yield kept
    forget()


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "00-" + "0" * 32 + "-" + "1" * 16 + "-01",
        "00-" + "1" * 32 + "-" + "0" * 16 + "-01",
        "00-" + "A" * 32 + "-" + "1" * 16 + "-01",
        "ff-" + "1" * 32 + "-" + "1" * 16 + "-01",
        "00-" + "1" * 31 + "-" + "1" * 16 + "-01",
        "00-" + "1" * 32 + "-" + "1" * 16 + "-01-more",
        "00-" + "1" * 32 + "-" + "1" * 16 + "-01\n",
        "x" * 10_000,
    ],
)
def test_a_header_that_is_not_one_says_nothing(header: str | None) -> None:
    assert trace.parse(header) is None


def test_a_header_is_read_as_it_was_written() -> None:
    context = trace.new_trace()
    assert trace.parse(context.traceparent) == context


@pytest.mark.parametrize("row_id", [new_id(), derived_id("a", "run")], ids=["new", "derived"])
def test_a_runs_trace_is_its_id(row_id: object) -> None:
    root = trace.of_row(row_id)  # pyright: ignore[reportArgumentType]
    assert root.trace_id == str(row_id).replace("-", "")
    assert trace.parse(root.traceparent) == root


def test_what_happens_below_a_span_says_so_and_goes_back_up(spans: list[trace.Span]) -> None:
    run_id = new_id()
    with trace.span("accept", under=trace.of_row(run_id)) as outer:
        with trace.span("ask", kind="client") as inner:
            assert trace.headers() == {"traceparent": inner.context.traceparent}
            assert structlog.contextvars.get_contextvars()["trace_id"] == run_id.hex
        assert trace.current() == outer.context
    assert trace.current() is None
    assert "trace_id" not in structlog.contextvars.get_contextvars()
    assert [one.name for one in spans] == ["ask", "accept"]
    assert inner.parent == outer.context
    assert outer.parent == trace.of_row(run_id)


def test_a_sweep_without_headers_and_another_runs_end_lead_into_the_runs_own_trace(
    spans: list[trace.Span],
) -> None:
    run_id, other_id = new_id(), new_id()
    assert trace.continued(run_id) == trace.of_row(run_id)
    with trace.span("score", under=trace.of_row(other_id)):
        assert trace.continued(run_id) == trace.of_row(run_id)
        assert trace.continued(other_id) == trace.current() != trace.of_row(other_id)
    assert [one.context.trace_id for one in spans] == [other_id.hex]


def test_a_message_is_under_its_header_and_a_bad_one_changes_nothing(spans: list[trace.Span]) -> None:
    sent = trace.of_row(new_id())
    with trace.received({"traceparent": sent.traceparent}, "analysis.cmd.run", "consumer"):
        here = trace.current()
        assert here is not None
        assert here.trace_id == sent.trace_id
    for headers in (None, {}, {"traceparent": "00-nonsense"}):
        with trace.received(headers, "analysis.cmd.run", "consumer"):
            assert trace.current() is None
    assert [(one.name, one.parent) for one in spans] == [("analysis.cmd.run", sent)]


async def test_tasks_keep_apart(spans: list[trace.Span]) -> None:
    async def work(under: trace.Context) -> None:
        with trace.span("work", under=under):
            await asyncio.sleep(0)
            with trace.span("part"):
                await asyncio.sleep(0)

    runs = [trace.of_row(new_id()) for _ in range(5)]
    await asyncio.gather(*map(work, runs))
    for run in runs:
        mine = [one for one in spans if one.context.trace_id == run.trace_id]
        assert [one.name for one in mine] == ["part", "work"]
        assert mine[0].parent == mine[1].context


def test_an_error_is_named_by_its_type_alone(spans: list[trace.Span]) -> None:
    with pytest.raises(ValueError, match=r"jane\.doe"), trace.span("step"):
        raise ValueError("jane.doe")
    assert spans[0].error == "ValueError"
    assert "jane" not in repr(spans[0])


def test_the_root_span_is_exported_once_the_run_is_over(spans: list[trace.Span]) -> None:
    run_id, started = new_id(), datetime(2026, 11, 22, tzinfo=UTC)
    trace.ended(run_id, "run", started_at=started, ended_at=started + timedelta(seconds=9), type="light")
    assert (spans[0].context, spans[0].parent) == (trace.of_row(run_id), None)
    assert spans[0].ended_ns - spans[0].started_ns == 9_000_000_000


def test_without_a_sink_the_context_is_passed_on_as_it_came() -> None:
    root = trace.of_row(new_id())
    with trace.span("step", under=root), trace.span("part"):
        assert trace.current() == root
