"""The metrics of every process, after real traffic: only declared metrics, with bounded labels, and the traffic is counted."""

import asyncio
import re
import time
from typing import Final

import httpx
from oslira_devstack.stack import Stack
from oslira_shared.bus.topology import CONSUMERS, REQUESTED_BY, STREAMS
from oslira_shared.contracts.jobs import JOBS
from oslira_shared.errors import CODES
from oslira_shared.observability.metrics import LABELS
from people import person
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

# An id, an address of any kind, a long number: what is unbounded looks like one of these.
_UNBOUNDED: Final = re.compile(r"[0-9a-f]{8}-|[0-9a-f]{16}|@|https?:|\d{5,}")
_TABLES: Final = {
    "analysis.runs",
    "analysis.scrapes",
    "identity.webhook_deliveries",
    *(f"{schema}.job_runs" for schema in ("identity", "credits", "analysis", "billing")),
}
# Of one light analysis: each of these is above 0.
_TRAFFIC: Final[list[tuple[str, str, dict[str, str]]]] = [
    ("gateway", "oslira_http_seconds_count", {"route": "/v1/analyses", "status": "202"}),
    ("gateway", "oslira_rpc_request_seconds_count", {"subject": "credits.rpc.hold", "outcome": "ok"}),
    ("credits", "oslira_rpc_answer_seconds_count", {"subject": "credits.rpc.hold", "outcome": "ok"}),
    ("credits", "oslira_credits_moved_total", {"kind": "captured"}),
    ("credits", "oslira_message_age_seconds_count", {"consumer": "credits_outcomes"}),
    ("analysis", "oslira_runs_ended_total", {"type": "light", "outcome": "completed"}),
    ("analysis", "oslira_run_seconds_count", {"type": "light", "state": "completed"}),
    ("analysis", "oslira_step_seconds_count", {"step": "score"}),
    ("analysis", "oslira_profile_lookups_total", {"outcome": "miss"}),
    ("analysis", "oslira_scrape_attempts_total", {"outcome": "fetched"}),
    ("analysis", "oslira_model_tokens_total", {"kind": "input"}),
    ("analysis", "oslira_model_cost_usd_total", {}),
]
_MEASURING: Final = ("measure", "measure-process", "measure-jobs")
_MOST_SERIES: Final = 400
_WITHIN_S: Final = 20.0


async def _scrape(stack: Stack) -> dict[str, list[Metric]]:
    async with httpx.AsyncClient() as http:
        found: dict[str, list[Metric]] = {}
        for name, process in stack.describe()["processes"].items():
            if name != "simulators":
                answer = await http.get(process["url"].replace("/health/ready", "/metrics"))
                families = text_string_to_metric_families(answer.raise_for_status().text)
                found[name] = [family for family in families if family.name.startswith("oslira_")]
        return found


def _value(figures: dict[str, list[Metric]], process: str, sample: str, **labels: str) -> float:
    return sum(
        one.value
        for family in figures[process]
        for one in family.samples
        if one.name == sample and labels.items() <= one.labels.items()
    )


def _faults(figures: dict[str, list[Metric]]) -> list[str]:
    bounds: dict[str, set[str]] = {
        "consumer": set(CONSUMERS),
        "subject": set(REQUESTED_BY),
        "stream": {str(stream.name) for stream in STREAMS},
        "job_name": {job.name for job in JOBS},
        "code": set(CODES),
        "table": _TABLES,
        "type": {"light", "deep", "xray", "business_profile"},
        "provider": {"openai", "anthropic", "apify"},
    }
    faults: list[str] = []
    for process, families in figures.items():
        for family in families:
            plain = [one for one in family.samples if not one.name.endswith(("_bucket", "_created", "_sum"))]
            if len(plain) > _MOST_SERIES:
                faults.append(f"{process} {family.name}: {len(plain)} series")
            for label, value in {pair for one in plain for pair in one.labels.items()}:
                if label not in LABELS or _UNBOUNDED.search(value):
                    faults.append(f"{process} {family.name}: {label}={value}")
                elif label in bounds and value not in bounds[label]:
                    faults.append(f"{process} {family.name}: {label}={value} is none of its table's")
    return faults


def _lags(figures: dict[str, list[Metric]]) -> dict[str, float]:
    return {
        one.labels["consumer"]: one.value
        for family in figures["scheduler"]
        for one in family.samples
        if one.name == "oslira_consumer_pending_messages"
    }


async def _scrape_when_measured(stack: Stack) -> dict[str, list[Metric]]:
    """Gauges are set every few seconds, the first time soon after the start."""
    give_up_at = time.monotonic() + _WITHIN_S
    while True:
        figures = await _scrape(stack)
        if (_value(figures, "analysis", "oslira_slots") and _lags(figures)) or time.monotonic() > give_up_at:
            return figures
        await asyncio.sleep(0.5)


async def test_metrics_count_what_happened_with_bounded_labels(stack: Stack) -> None:
    async with person(stack, available_credits=5) as user:
        _, accepted = await user.analyze("figure.keeper")
        assert (await user.settled(accepted["run_id"]))["status"] == "completed"
    figures = await _scrape_when_measured(stack)
    assert _faults(figures) == []
    assert [wanted for wanted in _TRAFFIC if not _value(figures, *wanted[:2], **wanted[2])] == []
    assert _value(figures, "analysis", "oslira_slots", kind="scrape") == 10
    assert set(_lags(figures)) == set(CONSUMERS)
    for process in figures:
        failed = {one: _value(figures, process, "oslira_loop_failures_total", loop=one) for one in _MEASURING}
        assert set(failed.values()) == {0}, (process, failed)
        assert _value(figures, process, "oslira_bus_connected") == 1, process
        assert _value(figures, process, "oslira_database_pool_connections", state="limit") >= 2, process
