"""One run is one trace through every service: its id is the run's, in every log line and every span."""

import asyncio
import json
from pathlib import Path
from typing import Any, Final

import pytest
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


@pytest.mark.campaign
async def test_a_collector_gets_one_connected_trace_of_a_run(scratch_dir: Path) -> None:
    with OtlpCollector() as collector:
        services = ("gateway", "analysis", "credits", "billing", "scheduler")
        environment = {name: {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint} for name in services}
        config = StackConfig(
            data_dir=scratch_dir / "traced", speed=20, durable=False, extra_environment=environment
        )
        async with Stack(config) as stack, person(stack, available_credits=5) as user:
            caller = "00-" + "ab" * 16 + "-" + "cd" * 8 + "-01"
            user.client.http.headers["traceparent"] = caller
            _, accepted = await user.analyze("trace.keeper")
            await user.settled(accepted["run_id"])
            trace_id = accepted["run_id"].replace("-", "")

            def mine() -> list[tuple[str, Any]]:
                return [
                    (service, span) for service, span in collector.spans() if span.trace_id.hex() == trace_id
                ]

            async def complete() -> bool:
                return {span.name for _, span in mine()} >= _STEPS

            await eventually(complete)
        spans = mine()
        assert {service for service, _ in spans} >= {"gateway", "analysis", "credits"}
        roots = [span for _, span in spans if not span.parent_span_id]
        assert [span.name for span in roots] == ["run"]
        known = {span.span_id for _, span in spans}
        assert [
            span.name for _, span in spans if span.parent_span_id and span.parent_span_id not in known
        ] == []
        # Whose trace led here is linked; what they sent is joined by nothing of ours.
        requests = [span for _, span in collector.spans() if span.name == "POST /v1/analyses"]
        assert [link.trace_id.hex() for link in requests[0].links] == ["ab" * 16]
        assert all(span.trace_id.hex() != "ab" * 16 for _, span in collector.spans())
