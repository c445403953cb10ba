"""One run is one trace through every service: its id is the run's, in every log line and every span."""

import asyncio
import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest
import pytest_asyncio
from oslira_devstack.otlp_collector import OtlpCollector
from oslira_devstack.stack import Stack, StackConfig
from people import eventually, person

_TOLD: Final = {"gateway": "run_accepted", "analysis": "run_ended", "credits": "hold_settled"}
_STEPS: Final = {"run", "accept", "admit", "scrape", "score", "model score", "settle", "credits.rpc.hold"}


def _lines(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]


async def test_the_logs_of_three_services_tell_one_run_under_one_trace_id(stack: Stack) -> None:
    async with person(stack, available_credits=5) as user:
        _, accepted = await user.analyze("trace.keeper")
        await user.settled(accepted["run_id"])
    trace_id = accepted["run_id"].replace("-", "")
    for service, event in _TOLD.items():
        lines = await asyncio.to_thread(_lines, stack.data.logs / f"{service}.log")
        mine = [line for line in lines if line.get("trace_id") == trace_id]
        assert event in {line["event"] for line in mine}, service


@pytest_asyncio.fixture
async def traced(scratch_dir: Path) -> AsyncGenerator[tuple[Stack, OtlpCollector]]:
    with OtlpCollector() as collector:
        services = ("gateway", "analysis", "credits", "billing", "scheduler")
        environment = {name: {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint} for name in services}
        config = StackConfig(
            data_dir=scratch_dir / f"traced-{uuid4().hex[:8]}",
            speed=20,
            durable=False,
            extra_environment=environment,
        )
        async with Stack(config) as stack:
            yield stack, collector


async def _trace(collector: OtlpCollector, run_id: str, *, until: set[str]) -> list[tuple[str, Any]]:
    """(service, span) of the run's trace, once spans of these names are in it."""

    async def complete() -> list[tuple[str, Any]]:
        mine = [one for one in collector.spans() if one[1].trace_id.hex() == run_id.replace("-", "")]
        return mine if {span.name for _, span in mine} >= until else []

    return await eventually(complete)


@pytest.mark.campaign
async def test_a_collector_gets_one_connected_trace_of_a_run(traced: tuple[Stack, OtlpCollector]) -> None:
    stack, collector = traced
    async with person(stack, available_credits=5) as user:
        user.client.http.headers["traceparent"] = "00-" + "ab" * 16 + "-" + "cd" * 8 + "-01"
        _, accepted = await user.analyze("trace.keeper")
        await user.settled(accepted["run_id"])
    spans = await _trace(collector, accepted["run_id"], until=_STEPS)
    assert {service for service, _ in spans} >= {"gateway", "analysis", "credits"}
    assert [span.name for _, span in spans if not span.parent_span_id] == ["run"]
    known = {span.span_id for _, span in spans}
    assert [span.name for _, span in spans if span.parent_span_id and span.parent_span_id not in known] == []
    # Whose trace led here is linked; what they sent is joined by nothing of ours.
    requests = [span for _, span in collector.spans() if span.name == "POST /v1/analyses"]
    assert [link.trace_id.hex() for link in requests[0].links] == ["ab" * 16]
    assert all(span.trace_id.hex() != "ab" * 16 for _, span in collector.spans())


@pytest.mark.campaign
async def test_it_is_the_same_trace_after_a_crash_and_a_wiped_bus(
    traced: tuple[Stack, OtlpCollector],
) -> None:
    stack, collector = traced
    async with person(stack, available_credits=5) as user:
        _, accepted = await user.analyze("trace.survivor")
        await stack.supervisor.kill("analysis")
        await stack.servers.nats.stop()
        await stack.servers.nats.wipe()
        await stack.servers.nats.start()
        run = await user.settled(accepted["run_id"], timeout_s=90)
    assert run["status"] == "completed"
    spans = await _trace(
        collector, accepted["run_id"], until={"run", "accept", "score", "model score", "settle"}
    )
    assert {service for service, _ in spans} >= {"gateway", "analysis", "credits"}
    # Spans that the killed process had not sent are lost; the root is exported by the process that ended the run.
    assert [span.name for _, span in spans if not span.parent_span_id] == ["run"]
